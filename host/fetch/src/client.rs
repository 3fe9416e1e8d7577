//! One HTTP request for a JWK set or a metadata document: no redirects, no proxies, no cookies, no decompression, a bounded body.
//!
//! Each request opens its own connection, so that the address is checked each time and no connection stays open.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;

use super::bearer;
use super::error::FetchError;
use super::guard::{AddressGuard, Lookup};
use super::issuer::IssuerFetch;
use super::jwks_url::JwksUrl;
use super::settings::FetchSettings;
use super::turns::Turns;

/// A successful answer.
pub(crate) enum Answer {
    /// Status 200.
    Set(HeaderMap, Vec<u8>),
    /// Status 304: the cached set is still current.
    NotModified(HeaderMap),
}

/// Fetches.
pub(crate) struct Client {
    http: reqwest::Client,
    turns: Turns,
    connection_timeout: Duration,
    read_timeout: Duration,
    issuer: Option<IssuerFetch>,
}

impl Client {
    pub(crate) fn new(settings: &FetchSettings, lookup: Arc<dyn Lookup>) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls_config(settings).map_err(|error| error.to_string())?)
            .dns_resolver(AddressGuard::new(lookup, settings.allow_private.clone()))
            .connect_timeout(settings.connection_timeout)
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .pool_max_idle_per_host(0)
            // Another crate of the same binary may have enabled these features.
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .user_agent(concat!("dropins/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self {
            http,
            turns: Turns::new(settings),
            connection_timeout: settings.connection_timeout,
            read_timeout: settings.read_timeout,
            issuer: settings.issuer.clone(),
        })
    }

    /// Asks for what is there with these headers, within the time of the settings and so many bytes.
    pub(crate) async fn get(&self, url: &JwksUrl, headers: HeaderMap, most: usize) -> Result<Answer, FetchError> {
        let answer = async {
            let _turn = self.turns.take(url.url().host_str().unwrap_or_default()).await?;
            let request = self.http.get(url.url().clone()).headers(headers).headers(self.token(url).await?);
            self.read(request.send().await.map_err(|error| self.error(&error))?, most).await
        };
        tokio::time::timeout(self.read_timeout, answer).await.unwrap_or(Err(FetchError::Timeout(self.read_timeout)))
    }

    /// The header with the issuer's bearer token, if the URL may see it.
    async fn token(&self, url: &JwksUrl) -> Result<HeaderMap, FetchError> {
        let issuer = self.issuer.as_ref().filter(|issuer| issuer.trusts_with_token(url.url()));
        let Some(path) = issuer.and_then(|issuer| issuer.bearer_token_file.clone()) else {
            return Ok(HeaderMap::new());
        };
        let read = tokio::task::spawn_blocking(move || bearer::authorization(&path)).await;
        let value = read.map_err(|_| FetchError::Interrupted)?.map_err(FetchError::NoToken)?;
        Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
    }

    async fn read(&self, response: Response, most: usize) -> Result<Answer, FetchError> {
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Ok(Answer::NotModified(response.headers().clone())),
            status if status.is_redirection() => return Err(FetchError::Redirect(status.as_u16())),
            status => return Err(FetchError::BadStatus(status.as_u16())),
        }
        if response.headers().get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity") {
            return Err(FetchError::Encoded);
        }
        let headers = response.headers().clone();
        Ok(Answer::Set(headers, self.body(response, most).await?))
    }

    async fn body(&self, mut response: Response, most: usize) -> Result<Vec<u8>, FetchError> {
        let too_large = || FetchError::TooLarge(most);
        let announced = response.content_length().map_or(Ok(0), usize::try_from).map_err(|_| too_large())?;
        if announced > most {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(announced);
        while let Some(chunk) = response.chunk().await.map_err(|error| self.error(&error))? {
            if chunk.len() > most.saturating_sub(body.len()) {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn error(&self, error: &reqwest::Error) -> FetchError {
        FetchError::of(error, self.connection_timeout)
    }
}

/// The headers of every request.
pub(crate) fn request_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (ACCEPT, HeaderValue::from_static("application/jwk-set+json, application/json")),
        (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        // A removed key must be gone, so caches on the way revalidate too (RFC 9111 section 5.2.1.4).
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ])
}

/// TLS 1.2 and 1.3 with the authorities of the settings.
fn tls_config(settings: &FetchSettings) -> Result<ClientConfig, rustls::Error> {
    let roots = match settings.issuer.as_ref().and_then(|issuer| issuer.roots.as_ref()) {
        Some(only) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(only.iter().cloned());
            roots
        }
        None => usual_roots(&settings.extra_roots),
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let mut config = builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The operating system's authorities and the extra ones.
fn usual_roots(extra_roots: &[CertificateDer<'static>]) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let (_, ignored) = roots.add_parsable_certificates(extra_roots.iter().cloned());
    if ignored > 0 {
        tracing::warn!(ignored, "certificates of the truststore cannot be used as authorities for JWKS URIs");
    }
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "the operating system's certificate authorities cannot all be read");
    }
    roots.add_parsable_certificates(system.certs);
    if roots.is_empty() {
        tracing::warn!("there is no certificate authority: no JWKS URI can be fetched");
    }
    roots
}
