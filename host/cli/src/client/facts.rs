//! What `add` and `update` take about a client.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use dropins_keys::Algorithm;

use super::super::keys::token_algorithm;
use dropins_operations::clients::Change;
use dropins_protocol::{FederatedSubject, Secret, TokenAlgorithm, names};
use zeroize::Zeroizing;

/// The largest file of keys, as in the configuration.
const MAX_BYTES: u64 = 256 * 1024;

/// Facts about a client; what is not given is not touched.
#[derive(Args)]
pub(super) struct Facts {
    /// Name for people
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The only authentication method that the client may use: private_key_jwt, spiffe_jwt, client_secret_basic,
    /// client_secret_post, or none for a client without a credential
    #[arg(long, value_name = "METHOD")]
    auth_method: Option<String>,
    /// The only signature algorithm that the client may use
    #[arg(long, value_name = "ALG", value_parser = algorithm)]
    signing_alg: Option<Algorithm>,
    /// The algorithm of the client's ID tokens, RS256 or ES256; RS256 when left out
    #[arg(long, value_name = "ALG", value_parser = token_algorithm)]
    id_token_signed_response_alg: Option<TokenAlgorithm>,
    /// A grant that the client may use; repeat it for more
    #[arg(long = "grant-type", value_name = "GRANT", value_parser = names::GRANTS)]
    grant_types: Vec<String>,
    /// A redirect URI; repeat it for more
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// Where users may be sent after signing out; repeat it for more
    #[arg(long = "post-logout-redirect-uri", value_name = "URI")]
    post_logout_redirect_uris: Vec<String>,
    /// Scopes that the client may be granted, with spaces between them; may be repeated
    #[arg(long = "scope", value_name = "SCOPES")]
    scopes: Vec<String>,
    /// The client's certificates or public keys, PEM
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
    /// The client's JWK set, JSON
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Where the client publishes its JWK set
    #[arg(long, value_name = "URL")]
    jwks_uri: Option<String>,
    /// The issuer of the [[upstream]] that the client uses, where there are several
    #[arg(long, value_name = "ISSUER")]
    upstream: Option<String>,
    /// The client's id at the upstream; the same as here when left out
    #[arg(long, value_name = "CLIENT_ID")]
    upstream_client_id: Option<String>,
    /// A file with the client's secret at the upstream, on its first line
    #[arg(long, value_name = "FILE")]
    upstream_client_secret_file: Option<PathBuf>,
    /// A subject of a trusted issuer that the client is known by; repeat it for more
    #[arg(long, num_args = 2, value_names = ["ISSUER", "SUBJECT"])]
    federated: Vec<String>,
    /// Override PreventTokenReuse for this client
    #[arg(long, value_name = "BOOL")]
    prevent_token_reuse: Option<bool>,
    /// Override AudienceMode for this client
    #[arg(long, value_name = "MODE", value_parser = ["auto", "strict", "legacy"])]
    audience_mode: Option<String>,
    /// Override Profile for this client
    #[arg(long, value_name = "PROFILE", value_parser = ["none", "fapi2", "smart", "obbr"])]
    profile: Option<String>,
    /// Override MaxLifetimeInMinutes for this client
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u32).range(1..=366 * 24 * 60))]
    max_lifetime_in_minutes: Option<u32>,
    /// Override AllowedAlgorithms for this client; repeat it for more
    #[arg(long = "allowed-algorithm", value_name = "ALG", value_parser = algorithm)]
    allowed_algorithms: Vec<Algorithm>,
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    let known = || Algorithm::ALL.map(Algorithm::name).join(", ");
    Algorithm::parse(name).ok_or_else(|| format!("choose one of {}", known()))
}

impl Facts {
    /// What is given, with the files read.
    pub(super) fn change(&self) -> anyhow::Result<Change> {
        let scopes = self.scopes.iter().flat_map(|scopes| scopes.split_whitespace()).map(str::to_owned);
        let algorithms = self.allowed_algorithms.iter().map(|algorithm| algorithm.name().to_owned());
        Ok(Change {
            name: self.name.clone(),
            auth_method: self.auth_method.clone(),
            signing_alg: self.signing_alg,
            id_token_signed_response_alg: self.id_token_signed_response_alg,
            grant_types: self.grant_types.clone(),
            redirect_uris: self.redirect_uris.clone(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.clone(),
            scopes: scopes.collect(),
            certificate: self.certificate.as_deref().map(read).transpose()?,
            jwks: self.jwks.as_deref().map(read).transpose()?,
            jwks_uri: self.jwks_uri.clone(),
            federated: self.federated.chunks(2).filter_map(pair).collect(),
            upstream: self.upstream.clone(),
            upstream_client_id: self.upstream_client_id.clone(),
            upstream_client_secret: self.upstream_client_secret_file.as_deref().map(read_secret).transpose()?,
            overrides: vec![
                ("PreventTokenReuse", self.prevent_token_reuse.iter().map(bool::to_string).collect()),
                ("AudienceMode", self.audience_mode.iter().cloned().collect()),
                ("Profile", self.profile.iter().cloned().collect()),
                ("MaxLifetimeInMinutes", self.max_lifetime_in_minutes.iter().map(u32::to_string).collect()),
                ("AllowedAlgorithms", algorithms.collect()),
            ],
            ..Change::default()
        })
    }

    /// The file that a member of the registration was read from.
    pub(super) fn file(&self, field: &str) -> Option<&Path> {
        match field {
            "certificate" => self.certificate.as_deref(),
            "jwks" => self.jwks.as_deref(),
            _ => None,
        }
    }
}

fn pair(words: &[String]) -> Option<FederatedSubject> {
    let [issuer, subject] = words else { return None };
    Some(FederatedSubject { issuer: issuer.clone(), subject: subject.clone() })
}

/// The secret on the first line of a file.
fn read_secret(path: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.with_context(|| format!("{} cannot be read", path.display()))?;
    let line = text.lines().next().unwrap_or_default();
    anyhow::ensure!(
        !line.is_empty() && line.len() <= names::MAX_NAME,
        "the secret in {} has 1 to 255 bytes",
        path.display()
    );
    Ok(Secret::new(line))
}

/// The text of a file of keys.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let file = std::fs::File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(|| format!("{} cannot be read", path.display()))?;
    anyhow::ensure!(bytes.len() as u64 <= MAX_BYTES, "{} is larger than 256 KiB", path.display());
    dropins_keys::registration_text(&bytes).with_context(|| format!("{} cannot be registered", path.display()))
}
