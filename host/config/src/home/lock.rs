//! One server serves a home: it holds a lock for as long as it runs.
//!
//! The kernel releases the lock of a process that was killed. Only the holder may bind the admin socket.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use super::layout::Home;
use super::write;

/// The lock of a served home.
pub struct HomeLock(#[expect(dead_code, reason = "holds the lock")] File);

/// Why a home cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another server serves the home.
    #[error(
        "{} is served already, by the process {process}; stop that server first, or start this one with --shared \
         if several nodes are to serve one folder",
        home.display()
    )]
    Served {
        /// The home.
        home: PathBuf,
        /// The id of the process, or `of another machine`.
        process: String,
    },
    /// The file cannot be opened, or the file system has no locks.
    #[error("{} cannot be locked: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

impl HomeLock {
    /// Locks a home until the lock is dropped or the process ends.
    ///
    /// # Errors
    /// [`LockError::Served`] if another server holds the lock.
    pub fn take(home: &Home) -> Result<Self, LockError> {
        let path = home.lock_file();
        let failed = |error| LockError::Io { path: path.clone(), error };
        write::private_folder(&home.tmp()).map_err(failed)?;
        let options = File::options().read(true).write(true).create(true).truncate(false).clone();
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) => {
                let process = Self::last_process(home).unwrap_or_else(|| "that holds tmp/lock".to_owned());
                return Err(LockError::Served { home: home.root().to_owned(), process });
            }
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
        Ok(Self(file))
    }

    /// The process that served this home last.
    pub fn last_process(home: &Home) -> Option<String> {
        let mut text = String::new();
        File::open(home.lock_file()).ok()?.take(20).read_to_string(&mut text).ok()?;
        text.trim().parse::<u32>().ok().map(|process| process.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_locked_while_it_is_served_and_the_second_server_is_told_by_whom() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        let lock = HomeLock::take(&home).unwrap();
        let refused = HomeLock::take(&home).map(drop).unwrap_err().to_string();
        assert!(refused.contains(&format!("by the process {}", std::process::id())), "{refused}");
        assert!(refused.starts_with(folder.path().to_str().unwrap()), "{refused}");
        drop(lock);
        HomeLock::take(&home).unwrap();
        assert_eq!(HomeLock::last_process(&home), Some(std::process::id().to_string()));
    }
}
