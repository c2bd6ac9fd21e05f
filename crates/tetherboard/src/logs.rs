//! Where the log goes: stderr, as text or JSON.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::Config;

/// `usual` is what is logged where no setting says otherwise.
pub(crate) fn start(config: &Config, usual: &str) {
    // The filter was checked with the settings.
    let filter = EnvFilter::try_new(config.log.as_deref().unwrap_or(usual)).unwrap_or_default();
    let colours = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    // A second subscriber in one process is refused; the first stays.
    let _ = match config.log_json {
        true => builder.json().try_init(),
        false => builder.compact().try_init(),
    };
}
