//! Where the running server's admin listener is, whatever the configuration says by now.
//!
//! The server writes the address into a file of its home, locks the file for as long as it runs, and removes it when it
//! stops. A server that was killed leaves the file without the lock: by then somebody else may listen at the address.

use std::fs::{File, TryLockError};
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::layout::Home;
use super::write;

/// The file, for as long as the server runs; none when it could not be written.
#[derive(Default)]
pub struct AdminAddress(Option<Written>);

struct Written {
    path: PathBuf,
    text: String,
    /// Holds the lock; none where the file system has no locks.
    _lock: Option<File>,
}

/// What a server of a home announced last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    /// The server runs.
    Alive(SocketAddr),
    /// It was killed, or the file system has no locks.
    Unsure(SocketAddr),
}

impl AdminAddress {
    /// Tells tools of this home where to ask.
    pub fn announce(home: &Home, address: SocketAddr) -> Self {
        let (path, text) = (home.admin_address(), format!("{address}\n"));
        if let Err(error) = write::replace(&path, text.as_bytes()) {
            tracing::warn!(%error, "{} cannot be written; tools ask where the configuration says", path.display());
            return Self(None);
        }
        // Shared: a tool that looks whether the file is locked must not be in the way of another one.
        let lock = File::open(&path).ok().filter(|file| file.try_lock_shared().is_ok());
        Self(Some(Written { path, text, _lock: lock }))
    }

    /// What a server of this home announced last.
    pub fn read(home: &Home) -> Option<Announced> {
        let mut file = File::open(home.admin_address()).ok()?;
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        let address = text.trim().parse().ok()?;
        Some(match file.try_lock() {
            Err(TryLockError::WouldBlock) => Announced::Alive(address),
            Ok(()) | Err(TryLockError::Error(_)) => Announced::Unsure(address),
        })
    }
}

impl Drop for AdminAddress {
    fn drop(&mut self) {
        let Some(Written { path, text, .. }) = self.0.take() else { return };
        // Another server of this home may have announced itself since.
        if std::fs::read_to_string(&path).is_ok_and(|current| current == text) {
            let _gone_already = write::remove(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        let home = Home::new(folder.path());
        (folder, home)
    }

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn an_address_is_announced_until_the_server_stops_and_the_last_server_wins() {
        let (_folder, home) = home();
        let first = AdminAddress::announce(&home, address(1));
        assert_eq!(AdminAddress::read(&home), Some(Announced::Alive(address(1))));
        let second = AdminAddress::announce(&home, address(2));
        drop(first);
        for _ in 0..2 {
            assert_eq!(AdminAddress::read(&home), Some(Announced::Alive(address(2))), "reading changes nothing");
        }
        drop(second);
        assert_eq!(AdminAddress::read(&home), None);
    }

    #[test]
    fn the_address_of_a_server_that_was_killed_is_not_known_to_be_its_own() {
        let (_folder, home) = home();
        std::fs::write(home.admin_address(), "127.0.0.1:1\n").unwrap();
        assert_eq!(AdminAddress::read(&home), Some(Announced::Unsure(address(1))));
        std::fs::write(home.admin_address(), "nonsense").unwrap();
        assert_eq!(AdminAddress::read(&home), None);
    }
}
