//! The plug-in folder: every component in it, in the order of file names.
//!
//! Unfinished copies (dot files and the suffixes of editors and downloads) are ignored. A file that cannot be read is
//! reported, never skipped silently.

use std::io;
use std::path::Path;

use crate::load::candidate::Candidate;
use crate::load::refusal::CandidateError;

/// Reads every `*.wasm` file of the folder, each at most `limit` bytes.
///
/// # Errors
/// The folder itself cannot be read.
pub fn read_folder(folder: &Path, limit: u64) -> io::Result<Vec<Result<Candidate, CandidateError>>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name());
    }
    names.sort();
    let components = names.iter().filter(|name| is_component(&name.to_string_lossy()));
    Ok(components.map(|name| Candidate::read(&folder.join(name), limit)).collect())
}

fn is_component(name: &str) -> bool {
    name.ends_with(".wasm") && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::refusal::CandidateRefusal;

    #[test]
    fn unfinished_copies_and_other_files_are_not_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.wasm", "a.wasm", ".c.wasm", "d.wasm~", "e.wasm.tmp", "f.wasm.part", "g.jar"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let read = read_folder(folder.path(), 100).unwrap();
        let names: Vec<_> = read.iter().map(|candidate| candidate.as_ref().unwrap().file().to_owned()).collect();
        assert_eq!(names, ["a.wasm", "b.wasm"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_no_text_is_no_reason_to_skip_a_file() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(std::ffi::OsStr::from_bytes(b"\xff.wasm")), "x").unwrap();
        assert_eq!(read_folder(folder.path(), 100).unwrap()[0].as_ref().unwrap().file(), "\u{fffd}.wasm");
    }

    #[test]
    fn what_cannot_be_read_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("folder.wasm")).unwrap();
        std::fs::write(folder.path().join("large.wasm"), [0; 101]).unwrap();
        std::fs::write(folder.path().join("limit.wasm"), [0; 100]).unwrap();
        let read = read_folder(folder.path(), 100).unwrap();
        assert!(matches!(&read[0], Err(CandidateError { reason: CandidateRefusal::NotAFile, .. })));
        assert!(matches!(&read[1], Err(CandidateError { reason: CandidateRefusal::Size { limit: 100 }, .. })));
        assert!(read[2].is_ok());
        assert!(read_folder(&folder.path().join("missing"), 100).is_err());
    }
}
