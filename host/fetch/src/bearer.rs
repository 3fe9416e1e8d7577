//! The bearer token that the host of an issuer's keys asks for (RFC 6750 section 2.1).
//!
//! The file is read with each fetch, because its owner replaces it: Kubernetes does so every hour. The token is in no
//! message.

use std::io::Read as _;
use std::path::Path;

use http::HeaderValue;

/// The longest token, in bytes.
const LONGEST: u64 = 16 * 1024;

/// The value of the header `Authorization`, from the token in this file. Blocks on the disk.
///
/// # Errors
/// Why there is none, without a word of the file.
pub(crate) fn authorization(path: &Path) -> Result<HeaderValue, String> {
    let failed = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(failed)?;
    let token = text.trim();
    if token.is_empty() || text.len() as u64 > LONGEST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("{} does not hold one token of at most {LONGEST} bytes", path.display()));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| format!("{} does not hold a token", path.display()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_without_the_line_end_and_anything_else_is_refused_without_showing_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        std::fs::write(&path, "eyJ.a.b\n").unwrap();
        let value = authorization(&path).unwrap();
        assert_eq!((value.as_bytes(), value.is_sensitive()), (&b"Bearer eyJ.a.b"[..], true));
        for text in ["", " \n", "hunter2 hunter3", "hunter2\nhunter3", "hunter2\u{e9}", &"h".repeat(16 * 1024 + 1)] {
            std::fs::write(&path, text).unwrap();
            let error = authorization(&path).unwrap_err();
            assert!(error.contains("does not hold one token") && !error.contains("hunter"), "{error}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(authorization(&path).unwrap_err().contains("cannot be read"));
    }
}
