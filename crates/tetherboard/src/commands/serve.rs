//! `serve`: runs the portal, the sync worker, or both.

use std::net::SocketAddr;

use anyhow::Context;
use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::PrometheusBuilder;
use tetherboard_domain::Clock;
use tetherboard_store::Store;
use tetherboard_sync::Worker;
use tetherboard_web::{Portal, Settings};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, DEFAULT_LISTEN};

#[derive(Args)]
pub(crate) struct Arguments {
    /// What this process runs
    #[arg(long, value_enum, default_value = "all")]
    role: Role,
    /// Address and port of the portal, overriding TETHERBOARD_LISTEN
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// The portal and the sync worker
    All,
    /// Only the portal
    Web,
    /// Only the hourly sync worker
    Worker,
}

/// Runs until Ctrl-C or a termination signal.
pub(crate) async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<()> {
    let store = config.open_store().await?;
    let clock = Clock::system();
    let stop = stop_signal();
    serve_metrics(config)?;
    let worker = (arguments.role != Role::Web)
        .then(|| tokio::spawn(Worker::new(config.syncer(&store, &clock), config.retention).work(stop.clone())));
    if arguments.role != Role::Worker {
        let listen = arguments.listen.or(config.listen).unwrap_or(DEFAULT_LISTEN);
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!("the portal could not listen on {listen}; choose another address with --listen or TETHERBOARD_LISTEN")
        })?;
        eprintln!("Tetherboard is at http://{}", listener.local_addr()?);
        serve_portal(config, listener, &store, &clock, 1.0, &stop).await?;
    }
    stop.cancelled().await;
    if let Some(worker) = worker {
        worker.await?;
    }
    store.close().await;
    Ok(())
}

/// Serves the portal until `stop` is canceled, then finishes the requests in progress.
pub(crate) async fn serve_portal(
    config: &Config,
    listener: TcpListener,
    store: &Store,
    clock: &Clock,
    clock_speed: f64,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let settings = Settings { public_url: config.public_url.clone(), clock_speed, stop: stop.clone(), ..Settings::default() };
    let router = Portal::new(store.clone(), clock.clone(), settings).router();
    axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned()).await?;
    Ok(())
}

/// Serves Prometheus metrics on their own address, never on the portal's.
fn serve_metrics(config: &Config) -> anyhow::Result<()> {
    let Some(listen) = config.metrics_listen else { return Ok(()) };
    PrometheusBuilder::new()
        .with_http_listener(listen)
        .install()
        .with_context(|| format!("TETHERBOARD_METRICS_LISTEN: could not listen on {listen}; choose another address"))?;
    Ok(())
}

/// A token that Ctrl-C or a termination signal cancels.
pub(crate) fn stop_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let signaled = stop.clone();
    tokio::spawn(async move {
        let terminated = async {
            match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
                Ok(mut signal) => {
                    signal.recv().await;
                }
                Err(_) => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = terminated => {}
        }
        signaled.cancel();
    });
    stop
}
