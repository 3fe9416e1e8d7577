//! What became of a request, from the log files: for requests that the running server does not keep in memory.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::PathBuf;

use dropins_config::{Deployment, Home};
use dropins_telemetry::logging;

/// Why the log says nothing about a request.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The log is not in a file.
    #[error("[logging] names no file in which it could be")]
    NoFile,
    /// A file cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Read {
        /// The log, without the date of a file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// No file has the reference id.
    #[error("the log files {}* do not have it", path.display())]
    Absent {
        /// The log, without the date of a file.
        path: PathBuf,
    },
}

/// A reference id has 8 to 40 letters and digits; returns it as it is written.
pub fn reference(text: &str) -> Option<String> {
    let text = text.trim();
    let known = (8..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    known.then(|| text.to_ascii_uppercase())
}

/// The lines of the newest log file that has the reference id. Blocks on the disk.
///
/// # Errors
/// [`LogError`] says why there is none.
pub fn logged(home: &Home, deployment: &Deployment, reference: &str) -> Result<Vec<String>, LogError> {
    let log = deployment.logging.file.as_ref().ok_or(LogError::NoFile)?;
    let failed = |error| LogError::Read { path: log.path.clone(), error };
    for path in logging::files(home, log).map_err(failed)? {
        let lines = BufReader::new(File::open(&path).map_err(failed)?).lines().map_while(Result::ok);
        let lines: Vec<_> = lines.filter(|line| line.contains(reference)).collect();
        if !lines.is_empty() {
            return Ok(lines);
        }
    }
    Err(LogError::Absent { path: log.path.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_config::{Environment, parse};

    fn deployment(text: &str) -> Deployment {
        parse(text, &Environment::default()).unwrap().0
    }

    #[test]
    fn a_reference_id_has_8_to_40_letters_and_digits() {
        assert_eq!(reference(" vjt4aFAHPGP4RMNJ\n").as_deref(), Some("VJT4AFAHPGP4RMNJ"));
        for wrong in ["SHORT12", "VJT4AFAH/../x", "", &"A".repeat(41)] {
            assert_eq!(reference(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_lines_of_the_newest_file_with_the_reference_are_found_and_their_lack_is_explained() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        std::fs::create_dir_all(folder.path().join("logs")).unwrap();
        std::fs::write(folder.path().join("logs/x.log.2026-11-29"), "old AAAABBBB\n").unwrap();
        std::fs::write(folder.path().join("logs/x.log.2026-11-30"), "new AAAABBBB\nother\n").unwrap();
        let logged = |text: &str, reference| logged(&home, &deployment(text), reference).map_err(|e| e.to_string());
        let named = "[logging]\nfile = \"logs/x.log\"";
        assert_eq!(logged(named, "AAAABBBB"), Ok(vec!["new AAAABBBB".to_owned()]));
        assert!(logged(named, "CCCCDDDD").unwrap_err().contains("do not have it"));
        assert!(logged("", "AAAABBBB").unwrap_err().contains("names no file"));
    }
}
