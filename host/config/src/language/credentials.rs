//! The credentials that a service manager hands to a process as files of one folder, for `$cred{NAME}`.
//!
//! They are read once, when the process starts: systemd does not change them while a service runs. A file that is no
//! text, or is larger than a credential of systemd may be, counts as absent.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What systemd allows for all credentials of a service together.
const MAX_BYTES: u64 = 1024 * 1024;

/// Texts by the names of their files.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// `None` if the process was given none.
    folder: Option<PathBuf>,
    texts: BTreeMap<String, String>,
}

impl Credentials {
    /// The environment variable that names the folder.
    pub(crate) const VARIABLE: &str = "CREDENTIALS_DIRECTORY";

    /// The files of this folder; links are followed, as Kubernetes mounts secrets.
    pub(crate) fn read(folder: &Path) -> Self {
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let texts = files.filter_map(|file| {
            let metadata = fs::metadata(file.path()).ok()?;
            let fits = metadata.is_file() && metadata.len() <= MAX_BYTES;
            let text = fits.then(|| fs::read_to_string(file.path()).ok())??;
            Some((file.file_name().into_string().ok()?, without_line_end(&text).to_owned()))
        });
        Self { texts: texts.collect(), folder: Some(folder.to_owned()) }
    }

    /// The text of a credential.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    /// The folder of the credentials.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }
}

/// Secrets stay out of debugging output.
impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Credentials").field("folder", &self.folder).field("names", &self.texts.keys()).finish()
    }
}

/// Editors and `echo` end a file with a line end that is no part of the secret.
fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_the_text_of_its_file_without_one_line_end() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [("plain", "a b"), ("line", "secret\n"), ("lines", "a\r\n\r\n"), ("empty", "")] {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let credentials = Credentials::read(folder.path());
        let texts = ["plain", "line", "lines", "empty"].map(|name| credentials.get(name));
        assert_eq!(texts, [Some("a b"), Some("secret"), Some("a\r\n"), Some("")]);
        assert!(!format!("{credentials:?}").contains("secret"), "{credentials:?}");
    }

    #[test]
    fn folders_large_files_and_what_is_no_text_count_as_absent() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("folder")).unwrap();
        fs::write(folder.path().join("bytes"), [0xff, 0xfe]).unwrap();
        fs::write(folder.path().join("large"), "x".repeat(1024 * 1024 + 1)).unwrap();
        let credentials = Credentials::read(folder.path());
        assert!(["folder", "bytes", "large", "absent", "../bytes"].iter().all(|name| credentials.get(name).is_none()));
        assert_eq!(Credentials::read(&folder.path().join("absent")).get("x"), None);
    }
}
