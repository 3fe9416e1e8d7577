//! `dropins keys`: key pairs for clients, and the server's own signing keys.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use dropins_host::services::{Clock as _, SystemClock};
use dropins_keys::{KeyFamily, SigningKey};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use super::admin;
use crate::args::{ClientId, HomeArgs};
use crate::output::{say, say_json, say_table, say_warning};
use crate::runtime::block_on;
use dropins_config::LoadedHome;
use dropins_config::duration;
use dropins_oauth::tokens::{self, ListedKey};
use dropins_operations::shown::utc;
use dropins_protocol::TokenAlgorithm;
use dropins_server::admin::documents::{PublishedKey, RefreshDocument};

/// Make keys for clients, refresh published ones, and rotate the server's own.
#[derive(Subcommand)]
pub(super) enum Keys {
    Generate(Generate),
    List(List),
    Refresh(Refresh),
    Rotate(Rotate),
}

/// List the server's own keys that sign tokens, with the times from which and until which they sign.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins keys list --home ./dropins-home")]
pub(super) struct List {
    #[command(flatten)]
    home: HomeArgs,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl List {
    fn list(self) -> anyhow::Result<ExitCode> {
        let started = LoadedHome::read(&self.home.home(), &self.home.properties)?;
        let keys = tokens::list_keys(&started.home, started.deployment.oauth.validity.longest_token())?;
        if self.json {
            say_json(&keys)?;
            return Ok(ExitCode::SUCCESS);
        }
        let now = SystemClock.now_seconds();
        let dash = |time: Option<u64>| time.map_or_else(|| "-".to_owned(), utc);
        let row = |key: &ListedKey| {
            let state = match key.signs_until {
                _ if key.signs_from > now => "pending",
                Some(until) if until <= now => "retired",
                _ => "signs",
            };
            let from = dash(Some(key.signs_from).filter(|from| *from > 0));
            let times = [dash(key.published_since), from, dash(key.signs_until), dash(key.published_until)];
            [vec![state.to_owned(), key.alg.to_string(), key.kid.clone()], times.to_vec()].concat()
        };
        let titles = ["STATE", "ALG", "KID", "PUBLISHED SINCE", "SIGNS FROM", "SIGNS UNTIL", "PUBLISHED UNTIL"];
        say_table(&titles, &keys.iter().map(row).collect::<Vec<_>>())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Make the next keys that sign tokens. A running server publishes them within seconds and needs no restart.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins keys rotate --home ./dropins-home --overlap 1h")]
pub(super) struct Rotate {
    #[command(flatten)]
    home: HomeArgs,
    /// How long the keys are published before they sign: 10m or more, 1h, 1d; 0 if the old keys must sign no more
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = overlap)]
    overlap: Duration,
    /// The algorithm whose key is rotated, RS256 or ES256; both if left out
    #[arg(long, value_name = "ALG", value_parser = token_algorithm)]
    algorithm: Option<TokenAlgorithm>,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

fn overlap(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| "write a number with a unit: 30s, 5m, 1h, 1d".to_owned())
}

/// An algorithm of tokens.
pub(super) fn token_algorithm(name: &str) -> Result<TokenAlgorithm, String> {
    let names = || TokenAlgorithm::NAMES.join(", ");
    TokenAlgorithm::parse(name).ok_or_else(|| format!("choose one of {}", names()))
}

impl Rotate {
    fn rotate(self) -> anyhow::Result<ExitCode> {
        let started = LoadedHome::read(&self.home.home(), &self.home.properties)?;
        let longest = started.deployment.oauth.validity.longest_token();
        let algorithms = self.algorithm.map_or(TokenAlgorithm::ALL.to_vec(), |algorithm| vec![algorithm]);
        let now = SystemClock.now_seconds();
        let before = tokens::list_keys(&started.home, longest)?;
        let pending = before.iter().filter(|key| key.signs_from > now && algorithms.contains(&key.alg));
        let rotation = tokens::rotate(&started.home, &algorithms, now, self.overlap, longest)?;
        if self.json {
            say_json(&rotation)?;
            return Ok(ExitCode::SUCCESS);
        }
        for ListedKey { alg, kid, signs_from, .. } in pending {
            say_warning(format_args!("a rotation is pending already: {alg} {kid} signs from {}", utc(*signs_from)))?;
        }
        for key in &rotation.keys {
            say(format_args!("new key    {} {}", key.alg, key.kid))?;
            say(format_args!("file       {}", key.file.display()))?;
        }
        match self.overlap.is_zero() {
            true => say("signs now; who keeps the published keys learns of a new one within minutes")?,
            false => say(format_args!("signs in   {:?}; until then only published", self.overlap))?,
        }
        for file in &rotation.removed {
            say(format_args!("removed    {}, whose last token has expired", file.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Have the running server fetch the keys that a client publishes at its JWKS URI, now.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins keys refresh my-client --home ./dropins-home")]
pub(super) struct Refresh {
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    client: ClientId,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Refresh {
    async fn refresh(self) -> anyhow::Result<ExitCode> {
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair("client_id", self.client.get()).finish();
        let path = format!("/keys/refresh?{query}");
        let refreshed: RefreshDocument = admin::ask(&self.home, Method::POST, &path).await?;
        if self.json {
            say_json(&refreshed)?;
            return Ok(if refreshed.keys.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS });
        }
        anyhow::ensure!(
            !refreshed.keys.is_empty(),
            "{}: the set that `{}` publishes has no usable key: {}",
            refreshed.result,
            self.client.get(),
            refreshed.warnings.join("; ")
        );
        say(refreshed.result)?;
        let row = |key: PublishedKey| vec![key.thumbprint, key.kid.unwrap_or_else(|| "-".to_owned())];
        say_table(&["KEY", "KID"], &refreshed.keys.into_iter().map(row).collect::<Vec<_>>())?;
        refreshed.warnings.iter().try_for_each(say_warning)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Make a key pair for a client: private PEM, public PEM, certificate, JWK and JWKS; for ML-DSA no certificate.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dropins keys generate --client-id nwU59qy9AsDqftmwLcfmkvOhvuYa --type rsa-2048 --out ./client-keys"
)]
pub(super) struct Generate {
    /// The client: the certificate's common name and the files' name; `client` when left out
    #[arg(value_name = "CLIENT_ID")]
    client_id: Option<String>,
    /// The same as an option
    #[arg(long = "client-id", value_name = "CLIENT_ID", conflicts_with = "client_id")]
    named: Option<String>,
    /// Kind of key: rsa-2048, rsa-3072, rsa-4096, p-256, p-384, p-521, ed25519, ml-dsa-44, ml-dsa-65, ml-dsa-87
    #[arg(long = "type", value_name = "KIND", default_value = "rsa-2048", value_parser = family)]
    family: KeyFamily,
    /// Folder for the files; made when missing
    #[arg(long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Validity of the certificate in days
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..))]
    days: u32,
    /// Print a JSON document with the public parts and the files' names
    #[arg(long)]
    json: bool,
}

fn family(name: &str) -> Result<KeyFamily, String> {
    let names = || KeyFamily::ALL.map(KeyFamily::name).join(", ");
    KeyFamily::parse(name).ok_or_else(|| format!("choose one of {}", names()))
}

impl Keys {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Generate(verb) => verb.generate(),
            Self::List(verb) => verb.list(),
            Self::Refresh(verb) => block_on(verb.refresh()),
            Self::Rotate(verb) => verb.rotate(),
        }
    }
}

impl Generate {
    fn generate(self) -> anyhow::Result<ExitCode> {
        let client_id = self.client_id.or(self.named).unwrap_or_else(|| "client".to_owned());
        anyhow::ensure!(
            !client_id.is_empty() && !client_id.starts_with('.') && !client_id.contains(['/', '\0']),
            "`{}` cannot be part of a file name; give the files another name with --client-id and rename the client in the configuration",
            client_id.escape_debug()
        );
        fs::create_dir_all(&self.out).with_context(|| format!("{} cannot be made", self.out.display()))?;
        let files = Pair::generate(self.family, &client_id, self.days)?.write(&self.out, &client_id)?;
        if self.json {
            say_json(&files)?;
        } else {
            for (what, file) in [
                ("private key", Some(&files.private_key)),
                ("public key", Some(&files.public_key)),
                ("certificate", files.certificate.as_ref()),
                ("JWK", Some(&files.jwk_file)),
                ("JWKS", Some(&files.jwks_file)),
            ] {
                file.into_iter().try_for_each(|file| say(format_args!("{what:<12} {}", file.display())))?;
            }
            say(format_args!("thumbprint   {}", files.thumbprint))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The files of a key pair, and what is public of it.
#[derive(Serialize)]
pub(super) struct Files {
    private_key: PathBuf,
    public_key: PathBuf,
    certificate: Option<PathBuf>,
    jwk_file: PathBuf,
    jwks_file: PathBuf,
    thumbprint: String,
    jwk: Value,
}

/// A key pair in all its forms.
pub(super) struct Pair {
    pub(super) key: SigningKey,
    /// None of an ML-DSA key: few programs read one.
    pub(super) certificate: Option<String>,
}

impl Pair {
    pub(super) fn generate(family: KeyFamily, common_name: &str, days: u32) -> anyhow::Result<Self> {
        let key = SigningKey::generate(family)?;
        let now = i64::try_from(SystemClock.now_seconds())?;
        // A minute back: the machine that checks it may be a little behind.
        let certificate = match family {
            KeyFamily::MlDsa(_) => None,
            _ => Some(key.self_signed_certificate(common_name, now - 60, now + i64::from(days) * 86_400)?),
        };
        Ok(Self { key, certificate })
    }

    /// Writes `NAME-private.pem`, `NAME-public.pem`, `NAME.pem`, `NAME.jwk.json` and `NAME.jwks.json`.
    pub(super) fn write(&self, folder: &Path, name: &str) -> anyhow::Result<Files> {
        let jwk = Value::Object(self.key.public_jwk());
        let path = |suffix: &str| folder.join(format!("{name}{suffix}"));
        let (private_key, public_key) = (path("-private.pem"), path("-public.pem"));
        let (certificate, jwk_file, jwks_file) = (path(".pem"), path(".jwk.json"), path(".jwks.json"));
        let certificate = self.certificate.as_ref().map(|pem| (certificate, pem));
        create(&private_key, self.key.to_pkcs8_pem()?.as_bytes(), 0o600)?;
        create(&public_key, self.key.public_key_pem()?.as_bytes(), 0o644)?;
        certificate.iter().try_for_each(|(path, pem)| create(path, pem.as_bytes(), 0o644))?;
        let certificate = certificate.map(|(path, _)| path);
        create(&jwk_file, format!("{jwk:#}\n").as_bytes(), 0o644)?;
        create(&jwks_file, format!("{:#}\n", json!({ "keys": [jwk] })).as_bytes(), 0o644)?;
        let thumbprint = self.key.thumbprint();
        Ok(Files { private_key, public_key, certificate, jwk_file, jwks_file, thumbprint, jwk })
    }
}

/// Writes a new file; an existing one is never overwritten, it may be the only copy of a key.
fn create(path: &Path, content: &[u8], mode: u32) -> anyhow::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .with_context(|| format!("{} cannot be written; choose another folder or name", path.display()))?;
    file.write_all(content)?;
    Ok(file.sync_all()?)
}
