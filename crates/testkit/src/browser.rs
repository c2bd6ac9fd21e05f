//! A browser that a test looks at a page with.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::ChromeCapabilities;
use thirtyfour::common::log::LoggingPrefsLogLevel;
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::prelude::*;

/// How long a page is waited for to show what is asked for.
const PATIENCE: Duration = Duration::from_secs(10);

/// The window and the habits of the person in front of it.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Of the page itself, in CSS pixels.
    pub width: u32,
    pub height: u32,
    pub dark: bool,
    /// Whether the page's scripts run.
    pub scripts: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 1280, height: 900, dark: false, scripts: true }
    }
}

/// A browser of its own, without a past. It ends with this value.
pub struct Browser {
    page: WebDriver,
    driver: Driver,
    // Removed when the browser that writes to it has ended.
    _profile: TempDir,
}

impl Browser {
    /// # Errors
    /// When chromedriver or the browser is not installed or does not start.
    pub async fn open(options: Options) -> Result<Self> {
        // The HTTP client is built without one when the whole workspace is; a second call is refused, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (driver, profile) = (Driver::start()?, TempDir::new()?);
        let page = WebDriver::new(format!("http://127.0.0.1:{}", driver.port), capabilities(options, profile.path())?).await;
        let page = page.context("the browser did not start (it is the Debian package `chromium`)")?;
        let browser = Self { page, driver, _profile: profile };
        browser.behave(options).await?;
        Ok(browser)
    }

    async fn behave(&self, options: Options) -> Result<()> {
        let Options { width, height, dark, scripts } = options;
        // A window has a least width, which phones fall short of.
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", media).await?;
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !scripts })).await?;
        Ok(())
    }

    /// Asks the browser itself, by its DevTools protocol.
    ///
    /// # Errors
    /// When it refuses.
    pub async fn devtools(&self, command: &str, arguments: Value) -> Result<Value> {
        let answer = self.page.cdp().send_raw(command, arguments).await;
        answer.with_context(|| format!("the browser refused {command}"))
    }

    /// # Errors
    /// When the page does not load.
    pub async fn goto(&self, url: &str) -> Result<()> {
        self.page.goto(url).await.with_context(|| format!("{url} did not load"))
    }

    /// Where the browser is.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn url(&self) -> Result<String> {
        Ok(self.page.current_url().await?.to_string())
    }

    /// The visible text of the first element that fits, as soon as there is one.
    ///
    /// # Errors
    /// When none is seen in time.
    pub async fn text(&self, css: &str) -> Result<String> {
        self.on(css, |element| async move { element.text().await }).await
    }

    /// The visible texts of all elements that fit now.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn all(&self, css: &str) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for element in self.page.find_all(By::Css(css)).await? {
            texts.push(element.text().await?);
        }
        Ok(texts)
    }

    /// # Errors
    /// When the element is not seen in time, or something lies over it.
    pub async fn click(&self, css: &str) -> Result<()> {
        let clicked = self.on(css, |element| async move { element.click().await }).await;
        clicked.with_context(|| format!("`{css}` could not be clicked"))
    }

    /// Types over what a field holds.
    ///
    /// # Errors
    /// When the field is not seen in time, or does not take text.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let filled = self
            .on(css, |field| async move {
                field.clear().await?;
                field.send_keys(text).await
            })
            .await;
        filled.with_context(|| format!("`{css}` could not be filled in"))
    }

    /// The first element that fits, as soon as it is seen.
    ///
    /// # Errors
    /// When none is seen within ten seconds.
    pub async fn wait_for(&self, css: &str) -> Result<WebElement> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            for element in self.page.find_all(By::Css(css)).await? {
                // One that is replaced in the meantime is not seen any more.
                if element.is_displayed().await.unwrap_or(false) {
                    return Ok(element);
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("no `{css}` was seen on {}", self.url().await?)
    }

    /// Does it to the element that fits, once more when a live page replaced the element in between.
    async fn on<T, F: Future<Output = WebDriverResult<T>>>(&self, css: &str, act: impl Fn(WebElement) -> F) -> Result<T> {
        let until = Instant::now() + PATIENCE;
        loop {
            match act(self.wait_for(css).await?).await {
                Err(error) if is_stale(&error) && Instant::now() < until => {}
                done => return Ok(done?),
            }
        }
    }

    /// What a function's body returns in the page, also where the page's own scripts do not run. What it returns may be a
    /// promise.
    ///
    /// # Errors
    /// When it throws.
    pub async fn evaluate(&self, script: &str) -> Result<Value> {
        Ok(self.page.execute(script, Vec::new()).await.context("the script failed")?.json().clone())
    }

    /// What the window shows, as a PNG.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        Ok(self.page.screenshot(path).await?)
    }

    /// The errors that the page wrote to the console since the last time this was asked, failed loads among them.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn console_errors(&self) -> Result<Vec<String>> {
        let entries = self.page.browser_log().await?;
        Ok(entries.into_iter().filter(|entry| entry.level == "SEVERE").map(|entry| entry.message).collect())
    }
}

impl Drop for Browser {
    /// The client would close the session through the test's own runtime, which stands still while a value is dropped.
    fn drop(&mut self) {
        let _ = self.driver.close(&self.page.session_id().to_string());
        let _ = self.page.clone().leak();
    }
}

fn is_stale(error: &WebDriverError) -> bool {
    matches!(error.as_inner(), WebDriverErrorInner::StaleElementReference(_))
}

fn capabilities(options: Options, profile: &Path) -> Result<ChromeCapabilities> {
    let mut wanted = DesiredCapabilities::chrome();
    for argument in ARGUMENTS {
        wanted.add_arg(argument)?;
    }
    wanted.add_arg(&format!("--user-data-dir={}", profile.display()))?;
    wanted.add_arg(&format!("--window-size={},{}", options.width, options.height))?;
    wanted.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(wanted)
}

/// Neither the sandbox nor the GPU is to be had in a container; the rest keeps the browser from calling home. The pipe lets
/// it end when its driver is killed.
const ARGUMENTS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
];

/// A chromedriver on a port of its own.
struct Driver {
    process: Child,
    port: u16,
    /// It would be ended by writing to a closed pipe.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    fn start() -> Result<Self> {
        const MISSING: &str = "chromedriver was not found: install the Debian packages `chromium` and `chromium-driver`";
        let program = program().context(MISSING)?;
        let mut command = Command::new(program);
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().context(MISSING)?;
        let mut output = BufReader::new(process.stdout.take().context("chromedriver has no output")?);
        match port(&mut output) {
            Some(port) => Ok(Self { process, port, _output: output }),
            None => {
                let _ = process.kill();
                let status = process.wait()?;
                bail!("chromedriver ended with {status} before it said its port")
            }
        }
    }
}

impl Driver {
    /// Ends the session's browser, and waits until it has ended.
    fn close(&self, session: &str) -> std::io::Result<()> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        connection.set_read_timeout(Some(PATIENCE))?;
        let host = "Host: 127.0.0.1\r\nConnection: close";
        write!(connection, "DELETE /session/{session} HTTP/1.1\r\n{host}\r\nContent-Length: 0\r\n\r\n")?;
        connection.read(&mut [0; 64]).map(|_| ())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut candidates =
        env::split_paths(&path).map(|folder| folder.join("chromedriver")).chain(["/usr/bin/chromedriver".into()]);
    candidates.find(|file| file.is_file())
}

/// From "ChromeDriver was started successfully on port 40123."
fn port(output: &mut impl BufRead) -> Option<u16> {
    let said = output.lines().map_while(Result::ok).find(|line| line.contains("started successfully on port"))?;
    said.trim_end_matches('.').rsplit(' ').next()?.parse().ok()
}
