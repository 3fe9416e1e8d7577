//! Where the running server's admin listener is, whatever the configuration says by now.
//!
//! The server writes the address into a file of its home and removes the file when it stops; a server that was killed
//! leaves it, so that an address found there is only worth trying.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::home::{self, Home};

/// The file, for as long as the server runs; none when it could not be written.
#[derive(Default)]
pub struct AdminAddress(Option<(PathBuf, String)>);

impl AdminAddress {
    /// Tells tools of this home where to ask.
    pub fn announce(home: &Home, address: SocketAddr) -> Self {
        let (path, text) = (home.admin_address(), format!("{address}\n"));
        if let Err(error) = home::replace_file(&path, text.as_bytes()) {
            tracing::warn!(%error, "{} cannot be written; tools ask where the configuration says", path.display());
            return Self(None);
        }
        Self(Some((path, text)))
    }

    /// What a server of this home announced last.
    pub fn read(home: &Home) -> Option<SocketAddr> {
        std::fs::read_to_string(home.admin_address()).ok()?.trim().parse().ok()
    }
}

impl Drop for AdminAddress {
    fn drop(&mut self) {
        let Some((path, text)) = self.0.take() else { return };
        // Another server of this home may have announced itself since.
        if std::fs::read_to_string(&path).is_ok_and(|current| current == text) {
            let _gone_already = home::remove_file(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_announced_until_the_server_stops_and_the_last_server_wins() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        std::fs::create_dir(folder.path().join("tmp")).unwrap();
        let [one, two] = ["127.0.0.1:1", "127.0.0.1:2"].map(|address| address.parse::<SocketAddr>().unwrap());
        let first = AdminAddress::announce(&home, one);
        assert_eq!(AdminAddress::read(&home), Some(one));
        let second = AdminAddress::announce(&home, two);
        drop(first);
        assert_eq!(AdminAddress::read(&home), Some(two));
        drop(second);
        assert_eq!(AdminAddress::read(&home), None);
    }
}
