//! Keys of WSO2 Identity Server that have no meaning here.
//!
//! A configuration that works there is accepted here, with one line that names all of these that it sets. Everything
//! below a listed path belongs to it.

static KEYS: &str = include_str!("wso2/keys.txt");

/// Every listed path.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    KEYS.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// The listed path that this one is, or belongs to.
pub(crate) fn known(path: &str) -> Option<&'static str> {
    let is = |known: &&str| path.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    paths().find(is)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::language::environment::Environment;
    use crate::schema::keys;

    #[test]
    fn a_known_key_and_all_below_it_is_recognised() {
        assert_eq!(known("user_store"), Some("user_store"));
        assert_eq!(known("user_store.properties.x"), Some("user_store"));
        assert_eq!(known("user_stores"), None);
        assert_eq!(known("oauth.timestamp_skw"), None);
        assert_eq!(known("# Keys"), None);
    }

    #[test]
    fn no_key_of_ours_is_listed_exactly() {
        for path in keys::paths() {
            assert_ne!(known(path), Some(path), "{path} is read by this server");
        }
    }

    /// A file of our own for each release, with the sections and keys of the one that is shipped with it.
    #[test]
    fn the_file_of_every_release_is_accepted_with_at_most_one_line() {
        for (release, text) in [
            ("5.9", include_str!("wso2/is-5.9.toml")),
            ("5.10", include_str!("wso2/is-5.10.toml")),
            ("5.11", include_str!("wso2/is-5.11.toml")),
            ("6.0", include_str!("wso2/is-6.0.toml")),
            ("6.1", include_str!("wso2/is-6.1.toml")),
            ("7.0", include_str!("wso2/is-7.0.toml")),
            ("7.1", include_str!("wso2/is-7.1.toml")),
        ] {
            let environment = Environment::new(Path::new("/home"), [], []);
            let (deployment, notices) = crate::parse(text, &environment)
                .unwrap_or_else(|problems| panic!("{release}: {}", problems.render("deployment.toml", false)));
            assert!(notices.len() <= 1, "{release}: {notices:#?}");
            assert_eq!(deployment.issuer(), "https://localhost:9443", "{release}");
            let keystore = deployment.keystores.primary.unwrap_or_else(|| panic!("{release}: no keystore"));
            assert!(keystore.file_name.starts_with("wso2carbon."), "{release}: {}", keystore.file_name);
        }
    }
}
