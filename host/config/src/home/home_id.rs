//! Which home a server serves and a tool means: a random id in a file of the home.
//!
//! Tools send it with every admin request, so that a server of another home rejects the request.

use std::fmt;
use std::io;

use dropins_protocol::random;

use super::layout::Home;
use super::write::{self, Access, Existing};

/// The header that carries the id.
pub const HOME_HEADER: &str = "x-dropins-home";

/// The id of a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeId(String);

impl HomeId {
    /// The id of this home, made if it has none. The folder of the file is made, and is the owner's only.
    ///
    /// # Errors
    /// The file cannot be written, or the system has no randomness.
    pub fn ensure(home: &Home) -> io::Result<Self> {
        write::private_folder(&home.tmp())?;
        let id = random::base64url::<16>().map_err(io::Error::other)?;
        write::file(&home.id_file(), format!("{id}\n").as_bytes(), Access::Private, Existing::Keep)?;
        Self::read(home).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
    }

    /// The id of this home; `None` if it has none yet.
    pub fn read(home: &Home) -> Option<Self> {
        let text = std::fs::read_to_string(home.id_file()).ok()?;
        let id = text.trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (!id.is_empty() && id.bytes().all(plain)).then(|| Self(id.to_owned()))
    }

    /// The value of [`HOME_HEADER`].
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HomeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_home_has_one_id_and_two_homes_have_two() {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [one, other] = folders.each_ref().map(|folder| Home::new(folder.path()));
        assert_eq!(HomeId::read(&one), None);
        let id = HomeId::ensure(&one).unwrap();
        assert_eq!((HomeId::ensure(&one).unwrap(), HomeId::read(&one)), (id.clone(), Some(id.clone())));
        assert_ne!(HomeId::ensure(&other).unwrap(), id);
        let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(one.id_file()), mode(one.tmp())), (0o600, 0o700));
    }

    #[test]
    fn what_is_no_id_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        std::fs::create_dir(home.tmp()).unwrap();
        for text in ["", "\n", "a\r\nx: y"] {
            std::fs::write(home.id_file(), text).unwrap();
            assert_eq!(HomeId::read(&home), None, "{text:?}");
        }
    }
}
