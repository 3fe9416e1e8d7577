//! The issuers that the configuration trusts, with their keys.
//!
//! A fetcher of each issuer outlives a reload that does not concern it, so that its sets stay in memory; sets survive a
//! restart on disk, in a folder that no client's JWKS URI leads to.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use dropins_config::{Code, Deployment, IssuerKeys, IssuerKind, KeyFiles, Material, Problem, TrustedIssuer};
use dropins_fetch::{FetchSettings, FetchStats, IssuerFetch, JwksFetcher, JwksUrl, OpenError, metadata_url};
use dropins_keys::{ClientKey, KeyInput, KeyPurpose, KeySet, Severity};
use dropins_services::{Clock, KeyHint, KeyLookupError, PublicKey};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// What a plug-in learns about the issuer of a registration, beside the settings of the client.
const KIND: &str = "issuer.kind";
const MAX_LIFETIME: &str = "issuer.max_lifetime";
const ALLOW_REUSE: &str = "issuer.allow_reuse";

/// The fetchers that are in use, by what they were opened with.
pub struct IssuerFetchers {
    clock: Arc<dyn Clock>,
    folder: PathBuf,
    /// What file names of the configuration are relative to.
    conf: PathBuf,
    open: Mutex<Vec<Weak<JwksFetcher>>>,
}

impl IssuerFetchers {
    /// None yet; sets are kept on disk in this folder, and file names are relative to `conf`.
    pub fn new(folder: PathBuf, conf: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { clock, folder, conf, open: Mutex::default() }
    }

    /// The fetcher with these settings, which may be in use already.
    fn fetcher(&self, settings: FetchSettings) -> Result<Arc<JwksFetcher>, OpenError> {
        let settings = FetchSettings { folder: Some(self.folder.clone()), ..settings };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|fetcher| fetcher.strong_count() > 0);
        let known = open.iter().filter_map(Weak::upgrade).find(|fetcher| *fetcher.settings() == settings);
        if let Some(known) = known {
            return Ok(known);
        }
        let fetcher = Arc::new(JwksFetcher::open(settings, Arc::clone(&self.clock))?);
        open.push(Arc::downgrade(&fetcher));
        Ok(fetcher)
    }
}

/// The trusted issuers of one configuration.
#[derive(Default)]
pub struct TrustedIssuers(HashMap<String, Issuer>);

struct Issuer {
    settings: Vec<(String, String)>,
    keys: Keys,
}

enum Keys {
    Here(KeySet),
    Fetched { fetcher: Arc<JwksFetcher>, url: JwksUrl },
}

impl TrustedIssuers {
    /// Opens the issuers of a deployment, whose files were read before; `now` in seconds since the Unix epoch. What is wrong
    /// is a problem at its place in the file.
    pub fn open(
        deployment: &Deployment,
        files: &KeyFiles,
        fetchers: &IssuerFetchers,
        usual: &FetchSettings,
        now: u64,
    ) -> (Self, Vec<Problem>) {
        let (mut issuers, mut problems) = (HashMap::new(), Vec::new());
        for issuer in &deployment.trusted_issuers {
            let keys = match &issuer.keys {
                IssuerKeys::Here(material) => here(issuer, material, files, now, &mut problems),
                IssuerKeys::Uri(uri) => fetched(issuer, uri, files, fetchers, usual, &mut problems),
                IssuerKeys::Discovered => {
                    fetched(issuer, &metadata_url(&issuer.name), files, fetchers, usual, &mut problems)
                }
            };
            let settings = [
                (KIND, issuer.kind.name().to_owned()),
                (MAX_LIFETIME, issuer.max_lifetime.as_secs().to_string()),
                (ALLOW_REUSE, issuer.allow_reuse.to_string()),
            ];
            let settings = settings.map(|(name, value)| (name.to_owned(), value)).to_vec();
            issuers.extend(keys.map(|keys| (issuer.name.clone(), Issuer { settings, keys })));
        }
        (Self(issuers), problems)
    }

    /// Whether the issuer is trusted.
    pub fn holds(&self, issuer: &str) -> bool {
        self.0.contains_key(issuer)
    }

    /// What a plug-in must know about a trusted issuer, as settings of a registration.
    pub(super) fn settings(&self, issuer: &str) -> Option<&[(String, String)]> {
        self.0.get(issuer).map(|issuer| issuer.settings.as_slice())
    }

    /// The keys of an issuer that fit the hint.
    pub(super) async fn candidates(
        &self,
        issuer: &str,
        hint: &KeyHint,
    ) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        let Some(found) = self.0.get(issuer) else {
            return Err(KeyLookupError::Unusable(format!("{issuer:?} is not a trusted issuer")));
        };
        let keys: Vec<Arc<ClientKey>> = match &found.keys {
            Keys::Here(set) => set.candidates(hint),
            Keys::Fetched { fetcher, url } => fetcher.keys(url, hint).await?.candidates(hint),
        };
        Ok(keys.into_iter().map(|key| key as Arc<dyn PublicKey>).collect())
    }

    /// The counters of all fetches.
    pub fn fetch_stats(&self) -> FetchStats {
        let fetchers = self.0.values().filter_map(|issuer| match &issuer.keys {
            Keys::Fetched { fetcher, .. } => Some(fetcher.stats()),
            Keys::Here(_) => None,
        });
        fetchers.fold(FetchStats::default(), |sum, stats| sum.plus(&stats))
    }
}

/// The keys that the configuration holds.
fn here(
    issuer: &TrustedIssuer,
    material: &Material,
    files: &KeyFiles,
    now: u64,
    problems: &mut Vec<Problem>,
) -> Option<Keys> {
    // A file that could not be read is a problem already.
    let text = files.issuer_jwks.get(&issuer.name)?.as_bytes();
    let name = match material {
        Material::File { path, .. } => path.to_str(),
        Material::Text { .. } => None,
    };
    let input = match issuer.kind {
        IssuerKind::Oidc => KeyInput::Jwks { name, text },
        IssuerKind::Spiffe => KeyInput::Bundle { name, text },
    };
    let (set, findings) = KeySet::read(&[input], i64::try_from(now).unwrap_or(i64::MAX));
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    problems.extend(errors.map(|finding| {
        let message = format!("the trusted issuer `{}`: {}", issuer.name, finding.detail());
        Problem::new(Code::BadValue, material.span(), "trusted_issuer.jwks", message)
    }));
    Some(Keys::Here(set))
}

/// The keys at a URL, or at the URL that the metadata there name.
fn fetched(
    issuer: &TrustedIssuer,
    url: &str,
    files: &KeyFiles,
    fetchers: &IssuerFetchers,
    usual: &FetchSettings,
    problems: &mut Vec<Problem>,
) -> Option<Keys> {
    let span = issuer.roots.as_ref().map_or_else(|| issuer.span.clone(), Material::span);
    let mut problem = |path: &str, message: String| {
        let message = format!("the trusted issuer `{}`: {message}", issuer.name);
        problems.push(Problem::new(Code::BadValue, span.clone(), path, message));
    };
    let roots = match issuer.roots.is_some().then(|| files.issuer_roots.get(&issuer.name)) {
        None => None,
        Some(text) => match authorities(text?) {
            Ok(roots) => Some(roots),
            Err(message) => {
                problem("trusted_issuer.ca_file", message.to_owned());
                return None;
            }
        },
    };
    let fetch = IssuerFetch {
        issuer: issuer.name.clone(),
        discovered: issuer.keys == IssuerKeys::Discovered,
        purpose: match issuer.kind {
            IssuerKind::Oidc => KeyPurpose::Signature,
            IssuerKind::Spiffe => KeyPurpose::JwtSvid,
        },
        roots,
        bearer_token_file: issuer.bearer_token_file.as_ref().map(|file| fetchers.conf.join(file)),
    };
    let settings = FetchSettings { issuer: Some(fetch), ..usual.clone() };
    let opened = JwksUrl::parse(url, &settings).map_err(|error| error.to_string());
    let opened = opened.and_then(|url| {
        let fetcher = fetchers.fetcher(settings).map_err(|error| error.to_string())?;
        Ok(Keys::Fetched { fetcher, url })
    });
    opened.map_err(|message| problem("trusted_issuer", message)).ok()
}

/// The certificates of a PEM text.
fn authorities(pem: &str) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err("its ca_file holds no certificates as PEM or DER"),
    }
}
