//! `dropins config`: every key of `deployment.toml`, for people and for editors.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use dropins_config::{KEYS, Key, Kind, json_schema};
use serde_json::json;

use crate::output::{say, say_json, say_table};

/// List the keys of deployment.toml, for people and for editors.
#[derive(Subcommand)]
pub(super) enum Config {
    Keys(Keys),
    /// Print the keys as JSON Schema, for editors
    ///
    /// `init` writes it beside deployment.toml, whose first line leads editors there. After an upgrade, write it anew.
    #[command(after_help = "Example:\n  dropins config schema > dropins-home/repository/conf/deployment.schema.json")]
    Schema,
}

/// List every key with its type, its default, its meaning and when a change takes effect.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins config keys transport.admin")]
pub(super) struct Keys {
    /// Only the keys of this section
    #[arg(value_name = "SECTION", default_value = "", hide_default_value = true)]
    section: String,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Config {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Keys(verb) => verb.list(),
            Self::Schema => say_json(&json_schema()),
        }
        .map(|()| ExitCode::SUCCESS)
    }
}

impl Keys {
    fn list(self) -> anyhow::Result<()> {
        let section = self.section.trim_matches(['[', ']']);
        let keys: Vec<&Key> = KEYS.iter().filter(|key| is_of(key, section)).collect();
        if keys.is_empty() {
            let mut known: Vec<_> = KEYS.iter().map(section_of).collect();
            known.dedup();
            anyhow::bail!("there is no section [{section}]; there are {}", known.join(", "));
        }
        if self.json {
            let key = |key: &&Key| {
                json!({
                    "path": key.path,
                    "type": key.kind.words(),
                    "default": key.default,
                    "meaning": key.doc,
                    "takes_effect": key.effect(),
                    "aliases": key.aliases,
                })
            };
            return say_json(&keys.iter().map(key).collect::<Vec<_>>());
        }
        let row = |key: &&Key| {
            let default = key.default.unwrap_or("-").to_owned();
            let effect = key.effect().as_str().to_owned();
            vec![key.path.to_owned(), key.kind.words(), default, key.doc.to_owned(), effect]
        };
        say_table(&["KEY", "TYPE", "DEFAULT", "MEANING", "TAKES EFFECT"], &keys.iter().map(row).collect::<Vec<_>>())?;
        if keys.iter().any(|key| key.kind == Kind::Properties) {
            say("\nthe properties of a plug-in: `dropins plugin inspect FILE`, or the documentation of the plug-in")?;
        }
        Ok(())
    }
}

fn is_of(key: &Key, section: &str) -> bool {
    section.is_empty()
        || key.path == section
        || key.path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

fn section_of(key: &Key) -> &'static str {
    match key.kind {
        Kind::Tables => key.path,
        _ => key.path.rsplit_once('.').map_or(key.path, |(section, _)| section),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_has_its_keys_and_those_below() {
        let of = |section| KEYS.iter().filter(|key| is_of(key, section)).count();
        assert_eq!(of(""), KEYS.len());
        assert!(of("oauth") > of("oauth.dcr") && of("oauth.dcr") == 3);
        assert_eq!((of("oaut"), of("oauth.timestamp_skew")), (0, 1));
        assert_eq!(section_of(&KEYS[0]), "server");
    }
}
