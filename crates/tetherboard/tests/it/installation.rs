//! A Tetherboard installation for one test: a directory, a database, and the processes that the test starts.

use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::Value;
use tempfile::TempDir;
use tetherboard_testkit::{Kind, TestDatabase};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

pub(crate) const PASSWORD: &str = "a long enough password";

/// How long a test waits for a process to print what it expects, or to exit.
const TIMEOUT: Duration = Duration::from_secs(120);

pub(crate) struct Installation {
    pub(crate) home: TempDir,
    pub(crate) db: TestDatabase,
    settings: Vec<(String, String)>,
}

impl Installation {
    /// An installation with an empty database and no CRM.
    pub(crate) async fn new(kind: Kind) -> Self {
        let db = tetherboard_testkit::empty(kind).await;
        let settings = [("TETHERBOARD_DATABASE_URL", db.url()), ("TETHERBOARD_SECRET_KEY", db.key())];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { home: TempDir::new().unwrap(), db, settings }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(existing, _)| existing != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.home.path(), arguments);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command until it exits.
    pub(crate) async fn run(&self, arguments: &[&str], stdin: &str) -> CommandResult {
        run(self.command(arguments), stdin).await
    }

    /// Runs a command that must succeed, and returns its stdout.
    pub(crate) async fn run_ok(&self, arguments: &[&str], stdin: &str) -> String {
        let done = self.run(arguments, stdin).await;
        assert_eq!(done.code(), 0, "{arguments:?}: {}", done.stderr);
        done.stdout
    }

    pub(crate) async fn start(&self, arguments: &[&str]) -> Process {
        Process::of(self.command(arguments))
    }

    /// Starts a simulated CRM and points the installation at it.
    pub(crate) async fn with_crm(&mut self, contacts: &str) -> Crm {
        let crm = Crm::start(self.home.path(), contacts).await;
        for (name, value) in &crm.settings {
            self.set(name, value);
        }
        crm
    }

    /// Adds a brand for each account, a viewer for each brand, and an agency admin.
    pub(crate) async fn add_brands_and_users(&self, crm: &Crm) {
        for (slug, key) in ["harbor", "tidewater"].iter().zip(&crm.keys) {
            let add = ["tenant", "add", "--slug", slug, "--name", slug, "--zone", "America/New_York", "--web-key-stdin"];
            self.run_ok(&add, &format!("{key}\n")).await;
            let email = format!("viewer@{slug}.example");
            let role = ["--role", "tenant_viewer", "--tenant", slug, "--password-stdin"];
            self.run_ok(&[&["user", "add", "--email", &email, "--name", "Vic Viewer"][..], &role[..]].concat(), PASSWORD).await;
        }
        let admin =
            ["user", "add", "--email", "dana@northgate.example", "--name", "Dana", "--role", "agency_admin", "--password-stdin"];
        self.run_ok(&admin, &format!("{PASSWORD}\n")).await;
    }

    /// Starts the portal without a worker, on a free port.
    pub(crate) async fn portal(&self) -> Portal {
        let process = self.start(&["serve", "--role", "web", "--listen", "127.0.0.1:0"]).await;
        let url = process.wait_for_output("Tetherboard is at ").await;
        Portal { url, process }
    }

    /// A new API token for this user.
    pub(crate) async fn token(&self, email: &str) -> String {
        self.run_ok(&["token", "add", "--email", email], "").await.trim_end().to_owned()
    }
}

/// A `tetherboard` command with an empty environment.
pub(crate) fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tetherboard"));
    command.args(arguments).current_dir(home).env_clear().kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) async fn run(mut command: Command, stdin: &str) -> CommandResult {
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // A command that does not read stdin may have exited already.
    let _ = input.write_all(stdin.as_bytes()).await;
    drop(input);
    let Output { status, stdout, stderr } = tokio::time::timeout(TIMEOUT, child.wait_with_output()).await.unwrap().unwrap();
    CommandResult { status, stdout: String::from_utf8(stdout).unwrap(), stderr: String::from_utf8(stderr).unwrap() }
}

/// The result of a process that has exited.
#[derive(Debug)]
pub(crate) struct CommandResult {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl CommandResult {
    pub(crate) fn code(&self) -> i32 {
        self.status.code().expect("the process exited by itself")
    }
}

/// A running process, killed when this value is dropped.
pub(crate) struct Process {
    pub(crate) child: Child,
    output: Arc<Mutex<Vec<String>>>,
}

impl Process {
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = Arc::default();
        collect_lines(child.stdout.take().unwrap(), &output);
        collect_lines(child.stderr.take().unwrap(), &output);
        Self { child, output }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.output.lock().unwrap().clone()
    }

    /// Waits for a line that contains `words` and returns the rest of it.
    pub(crate) async fn wait_for_output(&self, words: &str) -> String {
        let until = Instant::now() + TIMEOUT;
        while Instant::now() < until {
            if let Some(rest) = self.lines().iter().find_map(|line| Some(line.split_once(words)?.1.to_owned())) {
                return rest;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{words:?} was not printed: {:#?}", self.lines());
    }

    /// Stops the process with SIGTERM, as a service manager does.
    pub(crate) async fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        tokio::time::timeout(TIMEOUT, self.child.wait()).await.expect("the process exits").unwrap()
    }
}

fn collect_lines(stream: impl AsyncRead + Unpin + Send + 'static, output: &Arc<Mutex<Vec<String>>>) {
    let output = Arc::clone(output);
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            output.lock().unwrap().push(line);
        }
    });
}

/// A running `tetherboard simulate`, and the settings and web keys that it printed.
pub(crate) struct Crm {
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) keys: Vec<String>,
    control: String,
    _process: Process,
}

impl Crm {
    async fn start(home: &Path, contacts: &str) -> Self {
        let process = Process::of(command(home, &["simulate", "--listen", "127.0.0.1:0", "--seed", "5", "--contacts", contacts]));
        let base = process.wait_for_output("CLIENTTETHER_BASE_URL=").await;
        let token = process.wait_for_output("CLIENTTETHER_ACCESS_TOKEN=").await;
        let keys = vec![web_key(&process, 0).await, web_key(&process, 1).await];
        let control = base.replace("/v2/api/", "/control");
        let settings = [
            ("CLIENTTETHER_BASE_URL", base),
            ("CLIENTTETHER_ACCESS_TOKEN", token),
            ("CLIENTTETHER_MAX_PER_SECOND", "5000".to_owned()),
        ];
        Self { settings: settings.map(|(name, value)| (name.to_owned(), value)).to_vec(), keys, control, _process: process }
    }

    pub(crate) async fn truth(&self, account: usize) -> Value {
        truth(&self.control, account).await
    }

    pub(crate) async fn control(&self, what: &str, body: Value) {
        let response = client().post(format!("{}/{what}", self.control)).json(&body).send().await.unwrap();
        assert!(response.status().is_success(), "{}", response.text().await.unwrap());
    }
}

async fn web_key(process: &Process, account: usize) -> String {
    let rest = process.wait_for_output(&format!("web key of account {account}, ")).await;
    rest.rsplit_once(": ").unwrap().1.to_owned()
}

pub(crate) async fn truth(control: &str, account: usize) -> Value {
    client().get(format!("{control}/truth?account={account}")).send().await.unwrap().json().await.unwrap()
}

pub(crate) fn client() -> Client {
    // The HTTP client comes without a TLS provider. It can be installed only once, so later calls fail harmlessly.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

pub(crate) struct Portal {
    pub(crate) url: String,
    pub(crate) process: Process,
}

impl Portal {
    pub(crate) async fn json(&self, token: &str, address: &str) -> Value {
        json(&self.url, token, address).await
    }

    /// The status of a page requested with this cookie, and its redirect target.
    pub(crate) async fn page(&self, cookie: &str, address: &str) -> (u16, String) {
        let response = client().get(format!("{}{address}", self.url)).header("cookie", cookie).send().await.unwrap();
        let target = response.headers().get("location").map_or("", |to| to.to_str().unwrap()).to_owned();
        (response.status().as_u16(), target)
    }
}

pub(crate) async fn json(url: &str, token: &str, address: &str) -> Value {
    let response = client().get(format!("{url}{address}")).bearer_auth(token).send().await.unwrap();
    assert_eq!(response.status(), 200, "{address}");
    response.json().await.unwrap()
}

/// Signs in and returns the session cookie; `None` when the portal rejects the password.
pub(crate) async fn sign_in(url: &str, email: &str, password: &str) -> Option<String> {
    let form = [("email", email), ("password", password)];
    let response = client().post(format!("{url}/sign-in")).form(&form).send().await.unwrap();
    let cookie = response.headers().get("set-cookie")?.to_str().unwrap();
    Some(cookie.split(';').next()?.to_owned())
}

/// The counts that the API reports, in the shape of the simulator's `/control/truth`.
pub(crate) fn portal_counts(summary: &Value, pipeline: &Value) -> Value {
    let by_label = |lines: &Value, name: &str| -> Value {
        let lines = lines.as_array().unwrap().iter().filter(|line| line["count"] != 0);
        lines
            .map(|line| (line[name].as_str().unwrap_or("null").to_owned(), line["count"].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    serde_json::json!({
        "contacts": summary["total"],
        "prospects": summary["prospects"],
        "undated": summary["undated"],
        "by_stage": by_label(&summary["by_stage"], "stage"),
        "by_source": by_label(&summary["by_source"], "source"),
        "deals": pipeline["deals"],
        "leads_in_pipeline": pipeline["leads_in_pipeline"],
    })
}

/// The part of the simulator's truth that the API reports.
pub(crate) fn truth_counts(truth: &Value) -> Value {
    let keys = ["contacts", "prospects", "undated", "by_stage", "by_source", "deals", "leads_in_pipeline"];
    keys.iter().map(|key| ((*key).to_owned(), truth[*key].clone())).collect::<serde_json::Map<_, _>>().into()
}
