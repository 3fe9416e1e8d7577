//! The keystores of WSO2 Identity Server: which there are, whether their passwords open them, and their copies.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dropins_config::{Home, Keystores};
use dropins_keys::keystore::{CertificateStores, WatchedKeystore};
use zeroize::Zeroizing;

use super::configuration::DefaultKeystore;

/// The password of the keystores in a new installation.
const PASSWORD: &str = "wso2carbon";

/// What a new installation has, by the section that leaves it out.
const DEFAULTS: [(&str, [&str; 2]); 2] = [
    ("keystore.primary", ["wso2carbon.p12", "wso2carbon.jks"]),
    ("truststore", ["client-truststore.p12", "client-truststore.jks"]),
];

/// The keystores that the configuration names, opened where they are.
pub(super) struct Found {
    /// For certificates of clients.
    pub(super) certificates: CertificateStores,
    /// To be copied.
    pub(super) files: Vec<PathBuf>,
    /// Why one cannot be used.
    pub(super) problems: Vec<String>,
}

/// The keystores that a file leaves to the default, if they are there and the default opens them.
pub(super) fn defaults(old: &Home, named: &Keystores) -> Vec<DefaultKeystore> {
    let wanted = DEFAULTS.into_iter().filter(|(section, _)| match *section {
        "truststore" => named.trust.is_none(),
        _ => named.primary.is_none(),
    });
    let found = wanted.filter_map(|(section, names)| {
        let opens = |name: &&str| open(&old.security().join(name), PASSWORD).is_ok();
        let file_name = names.into_iter().find(opens)?.to_owned();
        Some(DefaultKeystore { section, file_name, password: PASSWORD })
    });
    found.collect()
}

/// Opens the keystores of the old home.
pub(super) fn open_all(old: &Home, named: &Keystores) -> Found {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    let stores = [("keystore.primary", &named.primary), ("truststore", &named.trust)];
    let [primary, trust] = stores.map(|(section, keystore)| {
        let keystore = keystore.as_ref()?;
        let file = old.security().join(&keystore.file_name);
        match open(&file, keystore.password.expose()) {
            Ok(store) => {
                files.push(file);
                Some(store)
            }
            Err(problem) => {
                problems.push(format!("[{section}]: {problem}"));
                None
            }
        }
    });
    Found { certificates: CertificateStores::new(primary, trust), files, problems }
}

fn open(file: &Path, password: &str) -> Result<WatchedKeystore, String> {
    WatchedKeystore::open(file, Zeroizing::new(password.to_owned())).map_err(|error| error.to_string())
}

/// Copies a keystore into the new home. One of the same name that differs is not overwritten.
pub(super) fn copy(file: &Path, home: &Home) -> anyhow::Result<PathBuf> {
    let content = fs::read(file).map(Zeroizing::new).with_context(|| format!("{} cannot be read", file.display()))?;
    let copy = home.security().join(file.file_name().unwrap_or_default());
    let written = home.write_key(&copy, &content)?;
    if !written {
        let there =
            fs::read(&copy).map(Zeroizing::new).with_context(|| format!("{} cannot be read", copy.display()))?;
        anyhow::ensure!(there == content, "{} is there already and is another file; move it away", copy.display());
    }
    Ok(copy)
}
