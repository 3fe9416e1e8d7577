//! A path of the admin socket that the system takes, however long the path of the home is.
//!
//! A socket address holds about a hundred bytes. A longer path leads through a descriptor of its folder.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};

use super::layout::Home;

/// The longest path that every system takes; macOS has 104 bytes with the terminating zero.
const LONGEST: usize = 100;

/// Where the admin socket is bound and connected to; valid while this value lives.
#[derive(Debug)]
pub struct SocketPath {
    path: PathBuf,
    _folder: Option<File>,
}

impl SocketPath {
    /// The socket of this home.
    ///
    /// # Errors
    /// The folder of a long path cannot be opened.
    pub fn of(home: &Home) -> io::Result<Self> {
        let path = home.admin_socket();
        if path.as_os_str().len() <= LONGEST {
            return Ok(Self { path, _folder: None });
        }
        let folder = File::open(home.tmp())?;
        let name = path.file_name().unwrap_or_default();
        let path = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(name);
        Ok(Self { path, _folder: Some(folder) })
    }

    /// The path.
    pub fn as_path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn a_socket_is_bound_and_found_in_a_home_with_a_short_and_with_a_long_path() {
        for name in ["home".to_owned(), "a long name/".repeat(20)] {
            let folder = tempfile::tempdir().unwrap();
            let home = Home::new(folder.path().join(name));
            std::fs::create_dir_all(home.tmp()).unwrap();
            let _listener = UnixListener::bind(SocketPath::of(&home).unwrap().as_path()).unwrap();
            assert!(home.admin_socket().exists());
            UnixStream::connect(SocketPath::of(&home).unwrap().as_path()).unwrap();
        }
    }
}
