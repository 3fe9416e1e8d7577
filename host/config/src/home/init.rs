//! Making a home: folders, configuration, plug-ins, keys.
//!
//! An existing configuration is refused unless it is forced; keys and databases are never overwritten.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use dropins_protocol::{NoRandomness, Secret, TokenAlgorithm, random};
use zeroize::Zeroizing;

use super::home_id::HomeId;
use super::layout::Home;
use super::template::{Addresses, deployment_toml};
use super::tls;
use super::write::{self, Access, Existing};
use crate::schema::json_schema::json_schema;

/// What a new home is made of.
#[derive(Debug, Clone)]
pub struct InitOptions<'a> {
    /// Replace the configuration and the components of an existing home.
    pub force: bool,
    /// File name and bytes of every component for the dropins folder.
    pub components: &'a [(&'a str, &'a [u8])],
    /// Token-signing keys, PEM; not used where the home has one.
    pub token_signing_keys: &'a [(TokenAlgorithm, Zeroizing<String>)],
    /// Seconds since the Unix epoch; the TLS certificate is valid from then on.
    pub now: u64,
    /// Where the server listens.
    pub addresses: Addresses,
    /// TOML to put at the end of the configuration, such as service providers.
    pub further_configuration: &'a str,
}

/// What was done.
#[derive(Debug, Clone)]
pub struct InitReport {
    /// Files that were written.
    pub written: Vec<PathBuf>,
    /// Files that were there before and were kept.
    pub kept: Vec<PathBuf>,
    /// Where the configuration of before is, if there was one.
    pub saved: Option<PathBuf>,
    /// The password of the administrator, new in the configuration.
    pub super_admin_password: Secret,
}

/// Why a home cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// There is a configuration already.
    #[error("{} is there already; --force replaces it and the components, and keeps keys and databases", path.display())]
    Exists {
        /// The configuration.
        path: PathBuf,
    },
    /// There is a certificate whose key is gone.
    #[error("{} is there but its key {} is not; move the certificate away, or put the key back", certificate.display(), key.display())]
    KeyMissing {
        /// The certificate.
        certificate: PathBuf,
        /// The missing key.
        key: PathBuf,
    },
    /// A component has a name that is not a plain file name.
    #[error("`{name}` is not a file name for a component")]
    ComponentName {
        /// The name.
        name: String,
    },
    /// The TLS certificate cannot be made.
    #[error("the TLS certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// There is no randomness for a password.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// A file or folder cannot be written or read.
    #[error("{} cannot be written or read: {error}{}", path.display(), owner(path, error))]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
}

/// Who may change what the caller may not.
fn owner(path: &Path, error: &std::io::Error) -> String {
    let existing = path.ancestors().find_map(|place| Some((place, std::fs::metadata(place).ok()?)));
    match existing {
        Some((place, metadata)) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            format!("; {} belongs to the user with the number {}", place.display(), metadata.uid())
        }
        _ => String::new(),
    }
}

impl Home {
    /// Makes this home.
    ///
    /// # Errors
    /// [`HomeError`] when it holds a configuration and `force` is not set, or when something cannot be written.
    pub fn init(&self, options: &InitOptions<'_>) -> Result<InitReport, HomeError> {
        let configuration = self.deployment_toml();
        if !options.force && configuration.exists() {
            return Err(HomeError::Exists { path: configuration });
        }
        self.make_folders()?;
        let password = random::base64url::<18>()?;
        let mut files = Files { existing: Existing::Keep, written: Vec::new(), kept: Vec::new() };
        self.write_keys(options, &mut files)?;
        if options.force {
            files.existing = Existing::Replace;
        }
        for (name, bytes) in options.components {
            if name.contains('/') || !name.ends_with(".wasm") {
                return Err(HomeError::ComponentName { name: (*name).to_owned() });
            }
            files.write(&self.dropins().join(name), bytes, Access::Public)?;
        }
        let schema = serde_json::to_string_pretty(&json_schema()).unwrap_or_default() + "\n";
        files.write(&self.schema(), schema.as_bytes(), Access::Public)?;
        let saved = if options.force { self.save_configuration(options.now)? } else { None };
        // Last: a home with a configuration is complete.
        let mut text = deployment_toml(&options.addresses, &password);
        if !options.further_configuration.is_empty() {
            text.push('\n');
            text.push_str(options.further_configuration);
        }
        if !files.write(&configuration, text.as_bytes(), Access::Private)? {
            return Err(HomeError::Exists { path: configuration });
        }
        Ok(InitReport { written: files.written, kept: files.kept, saved, super_admin_password: Secret::new(password) })
    }

    /// Writes a private key; false when the file is there already, which is never overwritten.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub fn write_key(&self, path: &Path, pem: &[u8]) -> Result<bool, HomeError> {
        let failed = |error| HomeError::Io { path: path.to_owned(), error };
        write::file(path, pem, Access::Private, Existing::Keep).map_err(failed)
    }

    /// Puts another configuration in place; returns where the one of before is, unless it is the same.
    ///
    /// # Errors
    /// [`HomeError::Io`].
    pub fn replace_configuration(&self, text: &str, now: u64) -> Result<Option<PathBuf>, HomeError> {
        let path = self.deployment_toml();
        if std::fs::read_to_string(&path).is_ok_and(|current| current == text) {
            return Ok(None);
        }
        let saved = self.save_configuration(now)?;
        let failed = |error| HomeError::Io { path: path.clone(), error };
        write::file(&path, text.as_bytes(), Access::Private, Existing::Replace).map_err(failed)?;
        Ok(saved)
    }

    /// Copies the configuration beside itself, under a name that is free.
    fn save_configuration(&self, now: u64) -> Result<Option<PathBuf>, HomeError> {
        let path = self.deployment_toml();
        let failed = |error| HomeError::Io { path: path.clone(), error };
        let content = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(failed)?,
        };
        for time in now.. {
            let copy = path.with_extension(format!("toml.{time}"));
            if write::file(&copy, &content, Access::Private, Existing::Keep).map_err(failed)? {
                return Ok(Some(copy));
            }
        }
        Ok(None)
    }

    fn make_folders(&self) -> Result<(), HomeError> {
        let database = self.database().parent().map(Path::to_path_buf).unwrap_or_default();
        let folders = [
            (self.dropins(), Access::Public),
            (self.conf(), Access::Private),
            (self.security(), Access::Private),
            (database, Access::Private),
            (self.logs(), Access::Private),
            (self.tmp(), Access::Private),
            // Compiled code is executed as it is found: only the owner may write here.
            (self.compile_cache(), Access::Private),
        ];
        for (path, access) in folders {
            write::folder(&path, access).map_err(|error| HomeError::Io { path, error })?;
        }
        HomeId::ensure(self).map_err(|error| HomeError::Io { path: self.id_file(), error })?;
        Ok(())
    }

    fn write_keys(&self, options: &InitOptions<'_>, files: &mut Files) -> Result<(), HomeError> {
        for (algorithm, pem) in options.token_signing_keys {
            files.write(&self.token_signing_key(*algorithm), pem.as_bytes(), Access::Private)?;
        }
        let (certificate, key) = (self.tls_certificate(), self.tls_key());
        if certificate.exists() && !key.exists() {
            return Err(HomeError::KeyMissing { certificate, key });
        }
        if !key.exists() {
            files.write(&key, tls::new_key()?.as_bytes(), Access::Private)?;
        } else {
            files.kept.push(key.clone());
        }
        if certificate.exists() {
            files.kept.push(certificate);
            return Ok(());
        }
        let key_pem = std::fs::read_to_string(&key).map_err(|error| HomeError::Io { path: key, error })?;
        let pem = tls::self_signed(&key_pem, tls::machine_name().as_deref(), options.now)?;
        files.write(&certificate, pem.as_bytes(), Access::Public)?;
        Ok(())
    }
}

/// Writes files and keeps account.
struct Files {
    existing: Existing,
    written: Vec<PathBuf>,
    kept: Vec<PathBuf>,
}

impl Files {
    fn write(&mut self, path: &Path, content: &[u8], access: Access) -> Result<bool, HomeError> {
        let written = write::file(path, content, access, self.existing)
            .map_err(|error| HomeError::Io { path: path.to_owned(), error })?;
        let list = if written { &mut self.written } else { &mut self.kept };
        list.push(path.to_owned());
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::LazyLock;

    use super::*;
    use crate::{Environment, parse};

    const COMPONENTS: &[(&str, &[u8])] = &[("a.wasm", b"\0asm")];

    fn options() -> InitOptions<'static> {
        static KEYS: LazyLock<[(TokenAlgorithm, Zeroizing<String>); 2]> = LazyLock::new(|| keys("signing key"));
        InitOptions {
            force: false,
            components: COMPONENTS,
            token_signing_keys: &*KEYS,
            now: 1_800_000_000,
            addresses: Addresses::default(),
            further_configuration: "",
        }
    }

    fn keys(pem: &str) -> [(TokenAlgorithm, Zeroizing<String>); 2] {
        TokenAlgorithm::ALL.map(|algorithm| (algorithm, Zeroizing::new(pem.to_owned())))
    }

    fn mode(path: PathBuf) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_home_is_complete_and_its_secrets_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("home"));
        let report = home.init(&options()).unwrap();
        assert_eq!((report.written.len(), report.kept.len()), (7, 0));
        let signing_keys = TokenAlgorithm::ALL.map(|algorithm| home.token_signing_key(algorithm));
        for path in [home.deployment_toml(), home.tls_key()].into_iter().chain(signing_keys) {
            assert_eq!(mode(path.clone()), 0o600, "{}", path.display());
        }
        assert_eq!((mode(home.security()), mode(home.conf()), mode(home.compile_cache())), (0o700, 0o700, 0o700));
        assert_eq!(std::fs::read(home.dropins().join("a.wasm")).unwrap(), b"\0asm");
        let text = std::fs::read_to_string(home.deployment_toml()).unwrap();
        let (deployment, notices) = parse(&text, &Environment::new(home.root(), [], [])).unwrap();
        assert_eq!((deployment.super_admin.password, notices.len()), (Some(report.super_admin_password), 0));
    }

    #[test]
    fn a_second_init_is_rejected_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        home.init(&options()).unwrap();
        let before = std::fs::read(home.deployment_toml()).unwrap();
        assert!(matches!(home.init(&options()), Err(HomeError::Exists { .. })));
        assert_eq!(std::fs::read(home.deployment_toml()).unwrap(), before);
    }

    #[test]
    fn force_replaces_the_configuration_and_keeps_keys_and_the_database() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        let first = home.init(&options()).unwrap();
        std::fs::write(home.database(), "data").unwrap();
        let signing_keys = TokenAlgorithm::ALL.map(|algorithm| home.token_signing_key(algorithm));
        let others = [home.tls_key(), home.tls_certificate(), home.database()];
        let kept: Vec<_> = signing_keys.into_iter().chain(others).collect();
        let before: Vec<Vec<u8>> = kept.iter().map(|path| std::fs::read(path).unwrap()).collect();
        let configuration = std::fs::read(home.deployment_toml()).unwrap();
        let options = InitOptions { force: true, token_signing_keys: &keys("another"), ..options() };
        let report = home.init(&options).unwrap();
        assert_eq!((report.written.len(), report.kept.len()), (3, 4));
        assert_ne!(report.super_admin_password, first.super_admin_password);
        assert_eq!(std::fs::read(report.saved.unwrap()).unwrap(), configuration);
        let again = home.init(&options).unwrap().saved.unwrap();
        assert_ne!(std::fs::read(again).unwrap(), configuration, "each copy has a name of its own");
        let after: Vec<Vec<u8>> = kept.iter().map(|path| std::fs::read(path).unwrap()).collect();
        assert_eq!(before, after);
    }

    #[test]
    fn a_lost_certificate_is_made_again_and_a_lost_key_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        home.init(&options()).unwrap();
        let force = InitOptions { force: true, ..options() };
        std::fs::remove_file(home.tls_certificate()).unwrap();
        home.init(&force).unwrap();
        assert!(home.tls_certificate().exists());
        std::fs::remove_file(home.tls_key()).unwrap();
        assert!(matches!(home.init(&force), Err(HomeError::KeyMissing { .. })));
    }

    #[test]
    fn further_configuration_and_other_ports_are_written() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        let addresses = Addresses { https: "127.0.0.1:19443".parse().unwrap(), ..Addresses::default() };
        let further = "[[service_provider]]\nclient_id = 'quick'\n";
        home.init(&InitOptions { addresses, further_configuration: further, ..options() }).unwrap();
        let text = std::fs::read_to_string(home.deployment_toml()).unwrap();
        let (deployment, _) = parse(&text, &Environment::default()).unwrap();
        assert_eq!((deployment.issuer(), deployment.service_providers.len()), ("https://localhost:19443", 1));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        let error = Home::new(folder.path().join("file/home")).init(&options()).unwrap_err().to_string();
        assert!(error.contains("file/home"), "{error}");
    }
}
