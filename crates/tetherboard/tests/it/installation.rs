//! An installation of its own: a folder, a database, and the processes that a test starts in it.

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

/// How long a process is waited for to say what it is expected to.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Installation {
    pub(crate) home: TempDir,
    pub(crate) db: TestDatabase,
    settings: Vec<(String, String)>,
}

impl Installation {
    /// On a database without tables, reading no CRM.
    pub(crate) async fn new(kind: Kind) -> Self {
        let db = tetherboard_testkit::empty(kind).await;
        let settings = [("TETHERBOARD_DATABASE_URL", db.url()), ("TETHERBOARD_SECRET_KEY", db.key())];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { home: TempDir::new().unwrap(), db, settings }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(self.home.path(), arguments);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str], stdin: &str) -> Done {
        run(self.command(arguments), stdin).await
    }

    /// Runs a command that must succeed; what it writes to stdout.
    pub(crate) async fn tell(&self, arguments: &[&str], stdin: &str) -> String {
        let done = self.run(arguments, stdin).await;
        assert_eq!(done.code(), 0, "{arguments:?}: {}", done.stderr);
        done.stdout
    }

    pub(crate) async fn start(&self, arguments: &[&str]) -> Process {
        Process::of(self.command(arguments))
    }

    /// Brings a simulated CRM up and points the installation at it.
    pub(crate) async fn with_crm(&mut self, contacts: &str) -> Crm {
        let crm = Crm::start(self.home.path(), contacts).await;
        for (name, value) in &crm.settings {
            self.set(name, value);
        }
        crm
    }

    /// A brand for each account, an agency admin, and a viewer of each brand.
    pub(crate) async fn furnish(&self, crm: &Crm) {
        for (slug, key) in ["harbor", "tidewater"].iter().zip(&crm.keys) {
            let add = ["tenant", "add", "--slug", slug, "--name", slug, "--zone", "America/New_York", "--web-key-stdin"];
            self.tell(&add, &format!("{key}\n")).await;
            let email = format!("viewer@{slug}.example");
            let role = ["--role", "tenant_viewer", "--tenant", slug, "--password-stdin"];
            self.tell(&[&["user", "add", "--email", &email, "--name", "Vic Viewer"][..], &role[..]].concat(), PASSWORD).await;
        }
        let admin =
            ["user", "add", "--email", "dana@northgate.example", "--name", "Dana", "--role", "agency_admin", "--password-stdin"];
        self.tell(&admin, &format!("{PASSWORD}\n")).await;
    }

    /// The portal alone, on a port of its own.
    pub(crate) async fn portal(&self) -> Portal {
        let process = self.start(&["serve", "--role", "web", "--listen", "127.0.0.1:0"]).await;
        let url = process.said("Tetherboard is at ").await;
        Portal { url, process }
    }

    /// An API token of that person's.
    pub(crate) async fn token(&self, email: &str) -> String {
        self.tell(&["token", "add", "--email", email], "").await.trim_end().to_owned()
    }
}

/// Nothing of the surroundings gets in.
pub(crate) fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tetherboard"));
    command.args(arguments).current_dir(home).env_clear().kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) async fn run(mut command: Command, stdin: &str) -> Done {
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // One that reads no stdin may have ended.
    let _ = input.write_all(stdin.as_bytes()).await;
    drop(input);
    let Output { status, stdout, stderr } = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    Done { status, stdout: String::from_utf8(stdout).unwrap(), stderr: String::from_utf8(stderr).unwrap() }
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    pub(crate) fn code(&self) -> i32 {
        self.status.code().expect("it ended by itself")
    }
}

/// A process that goes on. It is killed with this value.
pub(crate) struct Process {
    pub(crate) child: Child,
    said: Arc<Mutex<Vec<String>>>,
}

impl Process {
    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let said = Arc::default();
        listen(child.stdout.take().unwrap(), &said);
        listen(child.stderr.take().unwrap(), &said);
        Self { child, said }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }

    /// What follows these words on the first line that holds them.
    pub(crate) async fn said(&self, words: &str) -> String {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(rest) = self.lines().iter().find_map(|line| Some(line.split_once(words)?.1.to_owned())) {
                return rest;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{words:?} was not said: {:#?}", self.lines());
    }

    /// As a service manager does it.
    pub(crate) async fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap()
    }
}

fn listen(output: impl AsyncRead + Unpin + Send + 'static, said: &Arc<Mutex<Vec<String>>>) {
    let said = Arc::clone(said);
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            said.lock().unwrap().push(line);
        }
    });
}

/// `tetherboard simulate`, and what it printed for its clients.
pub(crate) struct Crm {
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) keys: Vec<String>,
    control: String,
    _process: Process,
}

impl Crm {
    async fn start(home: &Path, contacts: &str) -> Self {
        let process = Process::of(command(home, &["simulate", "--listen", "127.0.0.1:0", "--seed", "5", "--contacts", contacts]));
        let base = process.said("CLIENTTETHER_BASE_URL=").await;
        let token = process.said("CLIENTTETHER_ACCESS_TOKEN=").await;
        let keys = vec![key(&process, 0).await, key(&process, 1).await];
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
        let answer = client().post(format!("{}/{what}", self.control)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
}

async fn key(process: &Process, account: usize) -> String {
    let rest = process.said(&format!("web key of account {account}, ")).await;
    rest.rsplit_once(": ").unwrap().1.to_owned()
}

pub(crate) async fn truth(control: &str, account: usize) -> Value {
    client().get(format!("{control}/truth?account={account}")).send().await.unwrap().json().await.unwrap()
}

pub(crate) fn client() -> Client {
    // The HTTP client is built without one; a second call is refused, which is fine.
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

    /// The status of a page to somebody with that cookie, and where it leads.
    pub(crate) async fn page(&self, cookie: &str, address: &str) -> (u16, String) {
        let answer = client().get(format!("{}{address}", self.url)).header("cookie", cookie).send().await.unwrap();
        let leads = answer.headers().get("location").map_or("", |to| to.to_str().unwrap()).to_owned();
        (answer.status().as_u16(), leads)
    }
}

pub(crate) async fn json(url: &str, token: &str, address: &str) -> Value {
    let answer = client().get(format!("{url}{address}")).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{address}");
    answer.json().await.unwrap()
}

/// The cookie of a session; `None` when the portal does not let them in.
pub(crate) async fn sign_in(url: &str, email: &str, password: &str) -> Option<String> {
    let form = [("email", email), ("password", password)];
    let answer = client().post(format!("{url}/sign-in")).form(&form).send().await.unwrap();
    let cookie = answer.headers().get("set-cookie")?.to_str().unwrap();
    Some(cookie.split(';').next()?.to_owned())
}

/// What a summary says, in the shape of the CRM's truth.
pub(crate) fn as_truth(summary: &Value, pipeline: &Value) -> Value {
    let counted = |lines: &Value, name: &str| -> Value {
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
        "by_stage": counted(&summary["by_stage"], "stage"),
        "by_source": counted(&summary["by_source"], "source"),
        "deals": pipeline["deals"],
        "leads_in_pipeline": pipeline["leads_in_pipeline"],
    })
}

/// The truth, of which the portal speaks.
pub(crate) fn told_of(truth: &Value) -> Value {
    let keys = ["contacts", "prospects", "undated", "by_stage", "by_source", "deals", "leads_in_pipeline"];
    keys.iter().map(|key| ((*key).to_owned(), truth[*key].clone())).collect::<serde_json::Map<_, _>>().into()
}
