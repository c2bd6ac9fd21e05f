//! Connections that can be made to misbehave.
//!
//! An HTTP library will not reset a connection or leave one for good while it is asked politely; so the socket under it
//! is ours, and breaks when a fault says so or the server stops.

use std::io;
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

/// What a handler knows of the connection that it answers on.
#[derive(Clone, Default)]
pub(crate) struct Line {
    reset: Arc<AtomicBool>,
    ahead: Arc<Mutex<Option<Ahead>>>,
}

/// Bytes that no HTTP library would send, to be sent before the answer.
struct Ahead {
    bytes: Bytes,
    then: Then,
}

/// What becomes of the answer.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    /// It follows.
    Answer,
    /// It is dropped: what was sent stands for it.
    Nothing,
    /// The connection is closed in its place.
    Close,
}

impl Line {
    /// Resets the connection as soon as anything is written to it.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    /// Sends these bytes before the answer, whose body must be empty unless it is to follow.
    pub(crate) fn say(&self, bytes: impl Into<Bytes>, then: Then) {
        *self.ahead() = Some(Ahead { bytes: bytes.into(), then });
    }

    fn ahead(&self) -> MutexGuard<'_, Option<Ahead>> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected<IncomingStream<'_, Door>> for Line {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().line.clone()
    }
}

/// Lets connections in, until it is closing.
pub(crate) struct Door {
    pub(crate) listener: TcpListener,
    pub(crate) closing: CancellationToken,
    pub(crate) open: TaskTracker,
}

impl Listener for Door {
    type Io = Wire;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Wire, Self::Addr) {
        loop {
            match self.listener.accept().await {
                Ok((socket, peer)) => return (self.wire(socket), peer),
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

impl Door {
    fn wire(&self, socket: TcpStream) -> Wire {
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "could not send small packets at once");
        }
        Wire {
            socket,
            line: Line::default(),
            closing: Box::pin(self.closing.clone().cancelled_owned()),
            _open: self.open.token(),
        }
    }
}

pub(crate) struct Wire {
    socket: TcpStream,
    line: Line,
    closing: Pin<Box<WaitForCancellationFutureOwned>>,
    _open: TaskTrackerToken,
}

impl Wire {
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.line.reset.load(Ordering::Relaxed) {
            // Closing with nothing lingering sends RST.
            self.socket.set_zero_linger()?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        match self.closing.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }

    /// Sends what is to be sent first.
    fn poll_ahead(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Then>> {
        let Self { socket, line, .. } = self;
        let mut ahead = line.ahead();
        let Some(Ahead { bytes, then }) = &mut *ahead else { return Poll::Ready(Ok(Then::Answer)) };
        let then = *then;
        while !bytes.is_empty() {
            let sent = ready!(Pin::new(&mut *socket).poll_write(context, bytes))?;
            bytes.advance(sent);
        }
        *ahead = None;
        Poll::Ready(Ok(then))
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.socket).poll_read(context, into)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        match ready!(self.poll_ahead(context))? {
            Then::Answer => Pin::new(&mut self.socket).poll_write(context, bytes),
            Then::Nothing => Poll::Ready(Ok(bytes.len())),
            Then::Close => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        match ready!(self.poll_ahead(context))? {
            Then::Answer => Pin::new(&mut self.socket).poll_write_vectored(context, slices),
            Then::Nothing => Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum())),
            Then::Close => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
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
