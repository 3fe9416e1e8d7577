//! `dropins assertion mint`: a signed client assertion (RFC 7523 section 3), or a program that sends one.

mod show;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use dropins_host::services::{Clock as _, SystemClock};
use dropins_keys::{Algorithm, KeyChoice, SigningKey};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use show::{Example, Language};

use crate::args::{ClientId, HomeArgs};
use crate::output::say;
use dropins_config::LoadedHome;
use dropins_protocol::reference;

/// Mint a signed client assertion and print it.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dropins assertion mint --client-id my-client --key my-client-private.pem --audience https://localhost:9443"
)]
pub(super) struct Mint {
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    client: ClientId,
    /// The client's private key: PEM, DER, JWK, or a JWK set of which --kid or --algorithm names one key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The audience; the issuer of the home when left out
    #[arg(long, value_name = "URL")]
    audience: Option<String>,
    /// The signature algorithm; the first that fits the key when left out
    #[arg(long, value_name = "ALG", value_parser = algorithm)]
    algorithm: Option<Algorithm>,
    /// Seconds until the assertion expires
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    lifetime: u64,
    /// The `kid` header; that of the JWK, otherwise none, when left out
    #[arg(long)]
    kid: Option<String>,
    /// The `typ` header
    #[arg(long, default_value = "JWT")]
    typ: String,
    /// The `jti` claim; a random one when left out
    #[arg(long)]
    jti: Option<String>,
    /// A further or different claim; JSON, or text when it is none (`--claim nbf=1700000000`)
    #[arg(long = "claim", value_name = "NAME=JSON", value_parser = claim)]
    claims: Vec<(String, Value)>,
    /// Print a program that asks for a token with this client and key, in place of the assertion
    #[arg(long, value_name = "LANG", conflicts_with_all = ["jti", "claims"])]
    show: Option<Language>,
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    Algorithm::parse(name).ok_or_else(|| "choose one of RS256, PS256, ES256 and their like, or EdDSA".to_owned())
}

fn claim(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=JSON")?;
    Ok((name.to_owned(), serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()))))
}

impl Mint {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let key = read_key(&self.key, &KeyChoice { kid: self.kid.as_deref(), algorithm: self.algorithm })?;
        let audience = match &self.audience {
            Some(audience) => audience.clone(),
            None => {
                let home = LoadedHome::read(&self.home.home(), &self.home.properties)
                    .context("without --audience, the issuer of the home is the audience")?;
                let upstream = home.deployment.upstream().map(|upstream| upstream.issuer.as_str());
                upstream.unwrap_or(home.deployment.issuer()).to_owned()
            }
        };
        let assertion = Assertion {
            client_id: self.client.get(),
            audience: &audience,
            lifetime: self.lifetime,
            algorithm: self.algorithm,
            kid: self.kid.as_deref().or(key.kid()),
            typ: &self.typ,
            jti: self.jti.clone(),
            claims: &self.claims,
        };
        let signed = assertion.sign(&key)?;
        match self.show {
            None => say(signed)?,
            Some(language) => say(self.program(language, &assertion, &key, &signed)?.trim_end())?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn program(
        &self,
        language: Language,
        assertion: &Assertion<'_>,
        key: &SigningKey,
        signed: &str,
    ) -> anyhow::Result<String> {
        let home = self.home.home();
        let loaded = LoadedHome::read(&home, &self.home.properties)
            .context("the program needs the token endpoint of the home")?;
        let pem = std::fs::read(&self.key)?;
        anyhow::ensure!(
            language == Language::Curl || pem.starts_with(b"-----BEGIN PRIVATE KEY-----"),
            "{} is no PEM file of PKCS#8, which the program would read; `openssl pkcs8 -topk8 -nocrypt` makes one",
            self.key.display()
        );
        let https = loaded.deployment.transport.https.as_ref();
        let own = https.is_some_and(|https| https.identity.is_none()).then(|| home.tls_certificate());
        let example = Example {
            client_id: assertion.client_id,
            token_endpoint: &loaded.deployment.endpoint("/oauth2/token"),
            audience: assertion.audience,
            key: &std::path::absolute(&self.key)?,
            algorithm: assertion.algorithm(key)?,
            kid: assertion.kid,
            typ: assertion.typ,
            lifetime: assertion.lifetime,
            authority: own,
            assertion: signed,
        };
        Ok(example.program(language)?)
    }
}

/// What an assertion says.
pub(super) struct Assertion<'a> {
    pub(super) client_id: &'a str,
    pub(super) audience: &'a str,
    pub(super) lifetime: u64,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) kid: Option<&'a str>,
    pub(super) typ: &'a str,
    pub(super) jti: Option<String>,
    pub(super) claims: &'a [(String, Value)],
}

impl Assertion<'_> {
    /// The first one that fits the key if none is chosen.
    fn algorithm(&self, key: &SigningKey) -> anyhow::Result<Algorithm> {
        self.algorithm.or_else(|| key.algorithms().next()).context("the key fits no algorithm")
    }

    pub(super) fn sign(&self, key: &SigningKey) -> anyhow::Result<String> {
        let algorithm = self.algorithm(key)?;
        let mut header = json!({ "alg": algorithm.name(), "typ": self.typ });
        if let (Some(header), Some(kid)) = (header.as_object_mut(), self.kid) {
            header.insert("kid".to_owned(), kid.into());
        }
        let now = SystemClock.now_seconds();
        let mut claims = json!({
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.audience,
            "iat": now,
            "exp": now.saturating_add(self.lifetime),
            "jti": self.jti.clone().unwrap_or_else(|| format!("{}{}", reference(), reference())),
        });
        if let Some(members) = claims.as_object_mut() {
            members.extend(self.claims.iter().cloned());
        }
        Ok(key.compact_jws(&header, &claims)?)
    }
}

pub(super) fn read_key(path: &Path, choice: &KeyChoice<'_>) -> anyhow::Result<SigningKey> {
    let bytes =
        std::fs::read(path).map(Zeroizing::new).with_context(|| format!("{} cannot be read", path.display()))?;
    SigningKey::read(&bytes, choice).with_context(|| format!("{} holds no usable private key", path.display()))
}
