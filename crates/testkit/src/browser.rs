//! A headless browser for tests of pages.

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

/// How long to wait for an element to appear.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The browser's window and preferences.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The width of the page, in CSS pixels.
    pub width: u32,
    /// The height of the page, in CSS pixels.
    pub height: u32,
    /// Whether the user prefers dark mode.
    pub dark: bool,
    /// Whether the page's scripts run.
    pub scripts: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 1280, height: 900, dark: false, scripts: true }
    }
}

/// A separate browser with an empty profile. Dropping it closes the browser.
pub struct Browser {
    page: WebDriver,
    driver: Driver,
    // Dropped last, since the browser writes to it until it exits.
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser.
    ///
    /// # Errors
    ///
    /// Fails if chromedriver or the browser is not installed or does not start.
    pub async fn open(options: Options) -> Result<Self> {
        // In a workspace build, the HTTP client has no default provider. A second call fails, which does no harm.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (driver, profile) = (Driver::start()?, TempDir::new()?);
        let page = WebDriver::new(format!("http://127.0.0.1:{}", driver.port), capabilities(options, profile.path())?).await;
        let page = page.context("the browser did not start; it is in the Debian package `chromium`")?;
        let browser = Self { page, driver, _profile: profile };
        browser.apply(options).await?;
        Ok(browser)
    }

    async fn apply(&self, options: Options) -> Result<()> {
        let Options { width, height, dark, scripts } = options;
        // A window has a minimum width, which is wider than a phone.
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", media).await?;
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !scripts })).await?;
        Ok(())
    }

    /// Sends a command of the DevTools protocol and returns its result.
    ///
    /// # Errors
    ///
    /// Fails if the browser rejects the command.
    pub async fn devtools(&self, command: &str, arguments: Value) -> Result<Value> {
        let response = self.page.cdp().send_raw(command, arguments).await;
        response.with_context(|| format!("the browser rejected {command}"))
    }

    /// Loads a page.
    ///
    /// # Errors
    ///
    /// Fails if the page does not load.
    pub async fn goto(&self, url: &str) -> Result<()> {
        self.page.goto(url).await.with_context(|| format!("{url} did not load"))
    }

    /// The URL of the current page.
    ///
    /// # Errors
    ///
    /// Fails if the browser does not respond.
    pub async fn url(&self) -> Result<String> {
        Ok(self.page.current_url().await?.to_string())
    }

    /// The visible text of the first matching element. Waits for it to appear.
    ///
    /// # Errors
    ///
    /// Fails if none appears within ten seconds.
    pub async fn text(&self, css: &str) -> Result<String> {
        self.on(css, |element| async move { element.text().await }).await
    }

    /// The visible texts of all matching elements, without waiting.
    ///
    /// # Errors
    ///
    /// Fails if the browser does not respond.
    pub async fn all(&self, css: &str) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for element in self.page.find_all(By::Css(css)).await? {
            texts.push(element.text().await?);
        }
        Ok(texts)
    }

    /// Clicks the first matching element. Waits for it to appear.
    ///
    /// # Errors
    ///
    /// Fails if none appears within ten seconds, or something covers it.
    pub async fn click(&self, css: &str) -> Result<()> {
        let clicked = self.on(css, |element| async move { element.click().await }).await;
        clicked.with_context(|| format!("could not click `{css}`"))
    }

    /// Replaces the text in a field. Waits for the field to appear.
    ///
    /// # Errors
    ///
    /// Fails if the field does not appear within ten seconds, or does not accept text.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let filled = self
            .on(css, |field| async move {
                field.clear().await?;
                field.send_keys(text).await
            })
            .await;
        filled.with_context(|| format!("could not fill in `{css}`"))
    }

    /// The first matching element that is visible. Waits for it to appear.
    ///
    /// # Errors
    ///
    /// Fails if none appears within ten seconds.
    pub async fn wait_for(&self, css: &str) -> Result<WebElement> {
        let until = Instant::now() + TIMEOUT;
        while Instant::now() < until {
            for element in self.page.find_all(By::Css(css)).await? {
                // An element that was replaced in the meantime is no longer visible.
                if element.is_displayed().await.unwrap_or(false) {
                    return Ok(element);
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("`{css}` did not appear on {}", self.url().await?)
    }

    /// Acts on the first matching element, and tries again if a live page replaced the element in between.
    async fn on<T, F: Future<Output = WebDriverResult<T>>>(&self, css: &str, act: impl Fn(WebElement) -> F) -> Result<T> {
        let until = Instant::now() + TIMEOUT;
        loop {
            match act(self.wait_for(css).await?).await {
                Err(error) if is_stale(&error) && Instant::now() < until => {}
                done => return Ok(done?),
            }
        }
    }

    /// Runs the body of a function in the page and returns its result, awaiting a promise. This works even if the page's
    /// own scripts are turned off.
    ///
    /// # Errors
    ///
    /// Fails if the function throws.
    pub async fn evaluate(&self, script: &str) -> Result<Value> {
        Ok(self.page.execute(script, Vec::new()).await.context("the script failed")?.json().clone())
    }

    /// Writes a screenshot of the window to a PNG file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written.
    pub async fn screenshot(&self, path: &Path) -> Result<()> {
        Ok(self.page.screenshot(path).await?)
    }

    /// The console errors since the last call, including failed loads.
    ///
    /// # Errors
    ///
    /// Fails if the browser does not respond.
    pub async fn console_errors(&self) -> Result<Vec<String>> {
        let entries = self.page.browser_log().await?;
        Ok(entries.into_iter().filter(|entry| entry.level == "SEVERE").map(|entry| entry.message).collect())
    }
}

impl Drop for Browser {
    /// Closes the session over a blocking connection: the client would need the test's runtime, which is blocked in a drop.
    fn drop(&mut self) {
        let _ = self.driver.close(&self.page.session_id().to_string());
        let _ = self.page.clone().leak();
    }
}

fn is_stale(error: &WebDriverError) -> bool {
    matches!(error.as_inner(), WebDriverErrorInner::StaleElementReference(_))
}

fn capabilities(options: Options, profile: &Path) -> Result<ChromeCapabilities> {
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in ARGUMENTS {
        capabilities.add_arg(argument)?;
    }
    capabilities.add_arg(&format!("--user-data-dir={}", profile.display()))?;
    capabilities.add_arg(&format!("--window-size={},{}", options.width, options.height))?;
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    Ok(capabilities)
}

/// A container offers neither a sandbox nor a GPU. Background networking is turned off. The pipe makes the browser exit
/// when its driver is killed.
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

/// A chromedriver process on its own port.
struct Driver {
    process: Child,
    port: u16,
    /// Kept open: the process would be killed by a write to a closed pipe.
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
                bail!("chromedriver exited with {status} before it printed its port")
            }
        }
    }

    /// Closes the session's browser and waits until it has exited.
    fn close(&self, session: &str) -> std::io::Result<()> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port))?;
        connection.set_read_timeout(Some(TIMEOUT))?;
        let host = "Host: 127.0.0.1\r\nConnection: close";
        write!(connection, "DELETE /session/{session} HTTP/1.1\r\n{host}\r\nContent-Length: 0\r\n\r\n")?;
        connection.read(&mut [0; 64]).map(|_| ())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The process may have exited already.
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

/// Parses the port from "ChromeDriver was started successfully on port 40123."
fn port(output: &mut impl BufRead) -> Option<u16> {
    let line = output.lines().map_while(Result::ok).find(|line| line.contains("started successfully on port"))?;
    line.trim_end_matches('.').rsplit(' ').next()?.parse().ok()
}
