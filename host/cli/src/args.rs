//! Arguments that verbs share: which home, and what its configuration refers to.

use std::path::PathBuf;

use clap::Args;
use dropins_config::Home;

/// Where the home is, and what its configuration may refer to.
#[derive(Args, Clone)]
pub(crate) struct HomeArgs {
    /// The home folder
    #[arg(long, value_name = "DIR", default_value = "./dropins-home", env = "DROPINS_HOME")]
    pub(crate) home: PathBuf,
    /// Ask the server at this address, http://HOST:PORT or https://HOST:PORT, and not at the admin socket of the home
    #[arg(long, value_name = "URL")]
    pub(crate) admin: Option<String>,
    /// A system property for $sys{NAME} in deployment.toml
    #[arg(short = 'D', value_name = "NAME=VALUE", value_parser = property)]
    pub(crate) properties: Vec<(String, String)>,
}

impl HomeArgs {
    /// The home folder.
    pub(crate) fn home(&self) -> Home {
        Home::new(&self.home)
    }
}

/// Which client: as an argument, or as an option for ids that begin with a hyphen.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ClientId {
    /// The client; in a keystore, its alias
    #[arg(value_name = "CLIENT_ID")]
    client_id: Option<String>,
    /// The same as an option
    #[arg(long = "client-id", visible_alias = "alias", value_name = "CLIENT_ID")]
    named: Option<String>,
}

impl ClientId {
    pub(crate) fn get(&self) -> &str {
        self.client_id.as_deref().or(self.named.as_deref()).unwrap_or_default()
    }
}

/// Reads `NAME=VALUE`.
pub(crate) fn property(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_property_has_a_name_and_a_value() {
        assert_eq!(property("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(property("a").is_err());
    }
}
