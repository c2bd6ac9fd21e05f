//! Connections that a handler can make misbehave.
//!
//! An HTTP library does not reset a connection or send anything but valid responses. So the simulator wraps the socket
//! under it, and breaks the connection when a fault says so or the server stops.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::bytes::Buf;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// A handler's control over the connection that it responds on.
#[derive(Clone, Default)]
pub(crate) struct ConnectionControl {
    reset: Arc<AtomicBool>,
    raw: Arc<Mutex<Option<RawBytes>>>,
}

/// Bytes to send before the response, which no HTTP library would send.
struct RawBytes {
    bytes: Bytes,
    response: ResponseAction,
}

/// What happens to the handler's response after raw bytes are sent.
#[derive(Clone, Copy)]
pub(crate) enum ResponseAction {
    /// It is sent.
    Send,
    /// It is dropped, since the raw bytes are the response.
    Drop,
    /// The connection is closed instead.
    CloseConnection,
}

impl ConnectionControl {
    /// Resets the connection at the next write.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    /// Sends bytes before the response. The response's body must be empty unless the action is [`ResponseAction::Send`].
    pub(crate) fn send_raw(&self, bytes: impl Into<Bytes>, response: ResponseAction) {
        *self.raw() = Some(RawBytes { bytes: bytes.into(), response });
    }

    fn raw(&self) -> MutexGuard<'_, Option<RawBytes>> {
        self.raw.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected<IncomingStream<'_, ConnectionListener>> for ConnectionControl {
    fn connect_info(stream: IncomingStream<'_, ConnectionListener>) -> Self {
        stream.io().control.clone()
    }
}

/// Accepts connections that close when the server does.
pub(crate) struct ConnectionListener {
    pub(crate) listener: TcpListener,
    pub(crate) closing: CancellationToken,
    pub(crate) connections: TaskTracker,
}

impl Listener for ConnectionListener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, Self::Addr) {
        loop {
            match self.listener.accept().await {
                Ok((socket, peer)) => return (self.connection(socket), peer),
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

impl ConnectionListener {
    fn connection(&self, socket: TcpStream) -> Connection {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "could not turn off Nagle's algorithm");
        }
        Connection {
            socket,
            control: ConnectionControl::default(),
            closing: Box::pin(self.closing.clone().cancelled_owned()),
            _open: self.connections.token(),
        }
    }
}

/// A socket that resets, closes, or sends raw bytes when its control says so.
pub(crate) struct Connection {
    socket: TcpStream,
    control: ConnectionControl,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    _open: TaskTrackerToken,
}

impl Connection {
    /// Fails if the connection is to be reset or the server is closing.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.control.reset.load(Ordering::Relaxed) {
            // A socket that is closed without lingering sends RST.
            self.socket.set_zero_linger()?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        match self.closing.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }

    /// Sends the raw bytes, if there are any.
    fn poll_raw(&mut self, context: &mut Context<'_>) -> Poll<io::Result<ResponseAction>> {
        let Self { socket, control, .. } = self;
        let mut raw = control.raw();
        let Some(RawBytes { bytes, response }) = &mut *raw else { return Poll::Ready(Ok(ResponseAction::Send)) };
        let response = *response;
        while !bytes.is_empty() {
            let sent = ready!(Pin::new(&mut *socket).poll_write(context, bytes))?;
            bytes.advance(sent);
        }
        *raw = None;
        Poll::Ready(Ok(response))
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.socket).poll_read(context, into)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        match ready!(self.poll_raw(context))? {
            ResponseAction::Send => Pin::new(&mut self.socket).poll_write(context, bytes),
            ResponseAction::Drop => Poll::Ready(Ok(bytes.len())),
            ResponseAction::CloseConnection => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        match ready!(self.poll_raw(context))? {
            ResponseAction::Send => Pin::new(&mut self.socket).poll_write_vectored(context, slices),
            ResponseAction::Drop => Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum())),
            ResponseAction::CloseConnection => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
