//! Log output: stderr, as text or JSON.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::Config;

/// Starts logging. `default_filter` applies when `TETHERBOARD_LOG` is not set.
pub(crate) fn start(config: &Config, default_filter: &str) {
    // The configured filter was validated with the other settings.
    let filter = EnvFilter::try_new(config.log.as_deref().unwrap_or(default_filter)).unwrap_or_default();
    let color = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(color).with_writer(std::io::stderr);
    // A process can have only one subscriber; the first one wins.
    let _ = match config.log_json {
        true => builder.json().try_init(),
        false => builder.compact().try_init(),
    };
}
