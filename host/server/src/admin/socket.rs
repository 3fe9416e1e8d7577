//! The admin socket of a home: the tools of its user ask here, without a token.
//!
//! The file is the owner's only, in a folder of the owner's only; a peer that is neither that user nor root is
//! disconnected. Only the holder of the home's lock binds it, so that no server takes the socket of another.

use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::serve::Listener;
use dropins_config::Home;
use dropins_config::home::SocketPath;
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

/// How long requests may take to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(20);
/// The pause after the system refused a connection, for want of descriptors.
const PAUSE: Duration = Duration::from_millis(200);

/// A bound socket, not served yet; the file is removed with it.
pub struct AdminSocket {
    peers: Peers,
    _file: Bound,
}

struct Bound(PathBuf);

struct Peers {
    listener: UnixListener,
    owner: u32,
}

impl AdminSocket {
    /// Binds the socket of a home whose lock the caller holds.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn bind(home: &Home) -> io::Result<Self> {
        let file = home.admin_socket();
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(SocketPath::of(home)?.as_path())?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
        let owner = std::fs::metadata(&file)?.uid();
        Ok(Self { peers: Peers { listener, owner }, _file: Bound(file) })
    }

    /// Serves until the token is cancelled.
    ///
    /// # Errors
    /// The socket failed.
    pub async fn serve(self, router: Router, stop: CancellationToken) -> io::Result<()> {
        let drained = stop.clone();
        let served = axum::serve(self.peers, router).with_graceful_shutdown(stop.cancelled_owned());
        tokio::select! {
            served = served.into_future() => served,
            () = async { drained.cancelled().await; tokio::time::sleep(DRAIN).await } => Ok(()),
        }
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_file(&self.0);
    }
}

impl Listener for Peers {
    type Io = UnixStream;
    type Addr = ();

    async fn accept(&mut self) -> (UnixStream, ()) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) if stream.peer_cred().is_ok_and(|peer| may_ask(peer.uid(), self.owner)) => {
                    return (stream, ());
                }
                Ok(_) => tracing::warn!("another user asked at the admin socket and was disconnected"),
                Err(error) => {
                    tracing::warn!(%error, "the admin socket accepts no connection");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

fn may_ask(peer: u32, owner: u32) -> bool {
    peer == owner || peer == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_and_root_may_ask_and_no_other_user() {
        assert!(may_ask(1000, 1000) && may_ask(0, 1000) && may_ask(0, 0));
        assert!(!may_ask(1001, 1000) && !may_ask(1000, 0));
    }

    #[tokio::test]
    async fn the_socket_is_the_owners_takes_the_place_of_a_stale_one_and_goes_with_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        std::fs::create_dir(home.tmp()).unwrap();
        drop(std::os::unix::net::UnixListener::bind(home.admin_socket()).unwrap());
        let socket = AdminSocket::bind(&home).unwrap();
        assert_eq!(std::fs::metadata(home.admin_socket()).unwrap().permissions().mode() & 0o777, 0o600);
        drop(socket);
        assert!(!home.admin_socket().exists());
    }
}
