//! `dropins plugin inspect`: what a component is, without a home.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use dropins_config::{Home, LoadedHome};
use dropins_host::{Candidate, Engine, Limits};
use serde_json::json;

use crate::output::{say, say_json};

/// Show what a component is: digest, contract version, imports, exports, description.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins plugin inspect private_key_jwt_authenticator.wasm")]
pub(crate) struct Inspect {
    /// The component
    file: PathBuf,
    /// A home whose [limits] hold in place of the defaults
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Inspect {
    pub(super) async fn inspect(self) -> anyhow::Result<ExitCode> {
        let limits = match &self.home {
            Some(home) => LoadedHome::read(&Home::new(home), &[])?.deployment.limits,
            None => Limits::default(),
        };
        let candidate = Candidate::read(&self.file, limits.component_size)?;
        let (digest, size, contract) = (candidate.digest(), candidate.size(), candidate.contract()?);
        let plugin = candidate.validate(&Engine::new(limits, None)?).await?;
        let description = plugin.description();
        if self.json {
            say_json(&json!({
                "digest": digest,
                "size": size,
                "contract": contract.version,
                "description": description,
                "imports": contract.imports,
                "exports": contract.exports,
            }))?;
            return Ok(ExitCode::SUCCESS);
        }
        say(format_args!("{} {} - {}", description.name, description.version, description.summary))?;
        say(format_args!("digest    {digest}"))?;
        say(format_args!("size      {size} bytes"))?;
        for (title, list) in [
            ("aliases", &description.aliases),
            ("methods", &description.methods),
            ("reads", &description.reads),
            ("exports", &contract.exports),
            ("imports", &contract.imports),
        ] {
            say(format_args!("{title:<9} {}", list.join("\n          ")))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
