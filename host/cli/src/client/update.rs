//! `dropins client update`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Args, builder::ValueParser};

use super::facts::{self, Facts};
use super::{document, registry};
use crate::args::{ClientId, HomeArgs};
use dropins_operations::clients::{Change, Fact, change};

/// Change a client of the database; what is not given stays. A running server sees it at once, other nodes within 2 s.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins client update my-client --add-certificate next.pem\n  \
                  dropins client update my-client --jwks new-keys.json --clear certificate\n  \
                  dropins client update my-client --disable")]
pub(crate) struct Update {
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    client: ClientId,
    #[command(flatten)]
    facts: Facts,
    /// Register further certificates or public keys beside those that the client has; repeat it for more files
    #[arg(long, value_name = "FILE", conflicts_with = "certificate")]
    add_certificate: Vec<PathBuf>,
    /// Forget a fact; repeat it for more
    #[arg(long, value_name = "FACT", value_parser = fact())]
    clear: Vec<Fact>,
    /// Enable the client
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Disable the client
    #[arg(long)]
    disable: bool,
    /// Make a new secret and show it, this once; the old one is rejected from then on
    #[arg(long)]
    new_secret: bool,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// The names of facts.
fn fact() -> ValueParser {
    let named = |name: String| Fact::ALL.into_iter().find(|fact| fact.name() == name).ok_or("there is no such fact");
    PossibleValuesParser::new(Fact::ALL.map(Fact::name)).try_map(named).into()
}

impl Update {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let registry = registry::open(&self.home).await?;
        let given = Change {
            clear: self.clear.clone(),
            add_certificates: self.add_certificate.iter().map(|path| facts::read(path)).collect::<Result<_, _>>()?,
            enabled: (self.enable || self.disable).then_some(self.enable),
            new_secret: self.new_secret,
            ..self.facts.change()?
        };
        anyhow::ensure!(
            !given.is_empty(),
            "nothing is to be changed; give a fact such as --name, or --enable, --disable, --new-secret, --clear"
        );
        let changed = change(&registry, self.client.get(), &given).await;
        let changed = changed.map_err(|error| registry::explained(error, &self.facts))?;
        registry::announce(&self.home).await?;
        document::report(&registry, changed, "changed", &self.facts, self.json).await
    }
}
