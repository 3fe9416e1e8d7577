//! Homes for unit tests of other rooms.

use tempfile::TempDir;

use dropins_config::Home;
use dropins_config::home::{Addresses, InitOptions};
use dropins_oauth::tokens::first_keys;

/// A fresh home with the embedded components, and this text at the end of its configuration.
pub(crate) fn home(further_configuration: &str) -> (TempDir, Home) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new(folder.path());
    let options = InitOptions {
        force: false,
        components: &dropins_components::ALL,
        token_signing_keys: &first_keys().unwrap(),
        now: 1_800_000_000,
        addresses: Addresses::default(),
        further_configuration,
    };
    home.init(&options).unwrap();
    (folder, home)
}
