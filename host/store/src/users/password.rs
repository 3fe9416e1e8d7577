//! What a new password must be: long enough, and not among the first guesses.
//!
//! No rules about kinds of characters and no expiry (NIST SP 800-63B section 3.1.1.2): they make passwords worse.

/// The fewest characters of a password.
pub const MIN_PASSWORD: usize = 8;
/// The longest password, in bytes; the form of the login page is bounded anyway.
const MAX_PASSWORD: usize = 1024;

/// The guesses that come first among those that are long enough.
const COMMON: [&str; 16] = [
    "password",
    "password1",
    "passw0rd",
    "12345678",
    "123456789",
    "1234567890",
    "11111111",
    "00000000",
    "87654321",
    "qwertyui",
    "qwertyuiop",
    "iloveyou",
    "administrator",
    "adminadmin",
    "changeit",
    "wso2carbon",
];

/// Why a password is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Too short.
    #[error("the password is too short; it has at least {MIN_PASSWORD} characters")]
    Short,
    /// Too long.
    #[error("the password is too long; it has at most {MAX_PASSWORD} bytes")]
    Long,
    /// Among the first guesses.
    #[error("the password is one of the first guesses of an attacker; choose another one")]
    Common,
    /// Control characters do not survive forms and terminals.
    #[error("the password has a control character; a password is one line of text")]
    Control,
}

/// Judges a new password of this user.
pub(super) fn check(name: &str, password: &str) -> Result<(), PasswordFault> {
    if password.chars().count() < MIN_PASSWORD {
        return Err(PasswordFault::Short);
    }
    if password.len() > MAX_PASSWORD {
        return Err(PasswordFault::Long);
    }
    if password.contains(char::is_control) {
        return Err(PasswordFault::Control);
    }
    let plain = password.to_lowercase();
    if COMMON.contains(&plain.as_str()) || plain == name.to_lowercase() {
        return Err(PasswordFault::Common);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_not_obvious() {
        for (password, verdict) in [
            ("correct horse", Ok(())),
            ("éééééééé", Ok(())),
            ("short12", Err(PasswordFault::Short)),
            ("ééééééé", Err(PasswordFault::Short)),
            ("Password1", Err(PasswordFault::Common)),
            ("JANE.DOE", Err(PasswordFault::Common)),
            ("two\nlines", Err(PasswordFault::Control)),
        ] {
            assert_eq!(check("jane.doe", password), verdict, "{password:?}");
        }
        assert_eq!(check("jane.doe", &"x".repeat(MAX_PASSWORD)), Ok(()));
        assert_eq!(check("jane.doe", &"x".repeat(MAX_PASSWORD + 1)), Err(PasswordFault::Long));
    }
}
