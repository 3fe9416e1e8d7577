//! Components that were live, by their digest: what a rollback writes back after the folder has newer ones.
//!
//! The last [`KEPT`] are kept. A file whose bytes are not those of its name is ignored.

use std::path::PathBuf;
use std::time::SystemTime;
use std::{fs, io};

use dropins_services::Digest;

use super::layout::Home;
use super::write;

/// Components that are kept.
const KEPT: usize = 5;

/// The kept components of a home.
pub struct KeptComponents(PathBuf);

impl KeptComponents {
    /// Those of this home.
    pub fn of(home: &Home) -> Self {
        Self(home.kept())
    }

    /// Keeps a component as the newest one; the oldest make room.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn keep(&self, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let newest = self.file(Digest::of(bytes));
        write::replace(&newest, bytes)?;
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|extension| extension == "wasm") {
                let written = entry.metadata().and_then(|file| file.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
                files.push((entry.path() == newest, written, entry.path()));
            }
        }
        files.sort();
        let surplus = files.len().saturating_sub(KEPT);
        files.iter().take(surplus).try_for_each(|(_, _, path)| write::remove(path))
    }

    /// The component with this digest; `None` if it is not kept.
    pub fn find(&self, digest: Digest) -> Option<Vec<u8>> {
        fs::read(self.file(digest)).ok().filter(|bytes| Digest::of(bytes) == digest)
    }

    fn file(&self, digest: Digest) -> PathBuf {
        let digest = digest.to_string();
        self.0.join(format!("{}.wasm", digest.trim_start_matches("sha256:")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_five_components_are_kept_by_digest_and_a_damaged_one_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        let kept = KeptComponents::of(&Home::new(folder.path()));
        for byte in 0..7_u8 {
            kept.keep(&[byte]).unwrap();
        }
        let found = (0..7).filter(|byte| kept.find(Digest::of(&[*byte])).is_some()).collect::<Vec<u8>>();
        assert_eq!(found.len(), KEPT);
        assert!(found.contains(&6));
        fs::write(kept.file(Digest::of(&[6])), "damaged").unwrap();
        assert_eq!(kept.find(Digest::of(&[6])), None);
    }
}
