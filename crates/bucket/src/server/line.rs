//! A line to a server: it can be cut, now or after some more bytes, and mended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::{Server, access_at, bucket_at};
use crate::bridge::Bridge;
use crate::{Access, Bucket};

/// Never cut by itself.
const ENDLESS: i64 = i64::MAX;

/// The line.
#[derive(Debug)]
pub struct Line {
    address: SocketAddr,
    state: Arc<State>,
    _thread: Bridge,
}

#[derive(Debug)]
struct State {
    is_cut: AtomicBool,
    /// Bytes in either direction before it is cut once.
    left_bytes: AtomicI64,
    cut: Notify,
}

impl Line {
    /// A line to this server.
    ///
    /// # Panics
    /// There is no port left.
    #[must_use]
    pub fn to(server: &Server) -> Line {
        Line::to_address(server.address())
    }

    /// A line to whatever listens there.
    ///
    /// # Panics
    /// There is no port left.
    #[must_use]
    pub fn to_address(server: SocketAddr) -> Line {
        let thread = Bridge::start().expect("a thread");
        let listener = thread.wait(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("ends").expect("listens");
        let address = listener.local_addr().expect("has an address");
        let state = Arc::new(State {
            is_cut: AtomicBool::new(false),
            left_bytes: AtomicI64::new(ENDLESS),
            cut: Notify::new(),
        });
        thread.spawn(carry_all(listener, server, Arc::clone(&state)));
        Line {
            address,
            state,
            _thread: thread,
        }
    }

    /// How the server is reached through it.
    #[must_use]
    pub fn access(&self) -> Access {
        access_at(self.address)
    }

    /// A bucket of the server, through it.
    #[must_use]
    pub fn bucket(&self, address: &str) -> Bucket {
        bucket_at(address, &self.access())
    }

    /// Where it begins.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts all connections, and every new one, until it is mended.
    pub fn cut(&self) {
        self.state.is_cut.store(true, Ordering::SeqCst);
        self.state.cut.notify_waiters();
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.state.is_cut.store(false, Ordering::SeqCst);
    }

    /// Cuts the connection once that carries the last of so many bytes.
    pub fn cut_once_after(&self, bytes: i64) {
        self.state.left_bytes.store(bytes, Ordering::SeqCst);
    }

    /// Whether that has happened.
    #[must_use]
    pub fn was_cut(&self) -> bool {
        self.state.left_bytes.load(Ordering::SeqCst) > i64::MAX / 2
    }
}

async fn carry_all(listener: TcpListener, server: SocketAddr, state: Arc<State>) {
    while let Ok((near, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            if let Ok(far) = TcpStream::connect(server).await {
                carry(near, far, &state).await;
            }
        });
    }
}

/// Both ways, until either end has enough or the line is cut.
async fn carry(near: TcpStream, far: TcpStream, state: &State) {
    let ((mut near_in, mut near_out), (mut far_in, mut far_out)) =
        (near.into_split(), far.into_split());
    let one_way = async |from: &mut tokio::net::tcp::OwnedReadHalf,
                         to: &mut tokio::net::tcp::OwnedWriteHalf| {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = from.read(&mut buffer).await.unwrap_or(0);
            let carried = i64::try_from(read).unwrap_or(ENDLESS);
            if read == 0 || state.is_cut.load(Ordering::SeqCst) {
                return;
            }
            let left = state.left_bytes.load(Ordering::SeqCst);
            if left != ENDLESS {
                if left <= carried {
                    state.left_bytes.store(ENDLESS, Ordering::SeqCst);
                    return;
                }
                state.left_bytes.store(left - carried, Ordering::SeqCst);
            }
            if to.write_all(&buffer[..read]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = one_way(&mut near_in, &mut far_out) => {}
        () = one_way(&mut far_in, &mut near_out) => {}
        () = state.cut.notified() => {}
    }
}
