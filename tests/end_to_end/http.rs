//! An HTTP client that trusts one home's certificate, and the answers that it gets.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let _already_installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
});

/// A client for one server; it may be used by many threads at once.
#[derive(Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
}

/// A request to send.
pub(crate) struct Request {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// A response, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: BTreeMap<String, String>,
    /// The values of `Set-Cookie`.
    pub(crate) cookies: Vec<String>,
    pub(crate) body: String,
}

impl Http {
    /// A client that finds `localhost` at this address, trusts this certificate only and follows no redirect.
    pub(crate) fn new(address: SocketAddr, certificate: &Path) -> Self {
        let _runtime = RUNTIME.enter();
        let certificate = reqwest::Certificate::from_pem(&std::fs::read(certificate).unwrap()).unwrap();
        let builder = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60));
        let builder = builder.redirect(reqwest::redirect::Policy::none());
        let builder = builder.resolve("localhost", address).tls_certs_only([certificate]);
        // Shorter than the server's: a connection must not be reused in the moment in which it is closed.
        let builder = builder.pool_idle_timeout(Duration::from_secs(2));
        Self { client: builder.build().unwrap() }
    }

    /// A client of the server behind this socket.
    pub(crate) fn at_socket(path: &Path) -> Self {
        let _runtime = RUNTIME.enter();
        let builder = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60));
        Self { client: builder.unix_socket(path.to_owned()).build().unwrap() }
    }

    /// Sends a request.
    ///
    /// # Panics
    /// There is no answer.
    pub(crate) fn send(&self, request: Request) -> Answer {
        self.try_send(request).unwrap()
    }

    /// Sends a request that may stay without an answer.
    pub(crate) fn try_send(&self, request: Request) -> Result<Answer, reqwest::Error> {
        RUNTIME.block_on(async {
            let mut builder = self.client.request(request.method, &request.url);
            for (name, value) in &request.headers {
                builder = builder.header(name, value);
            }
            if let Some(body) = request.body {
                builder = builder.body(body);
            }
            let response = builder.send().await?;
            let status = response.status().as_u16();
            let cookies = response.headers().get_all("set-cookie").iter();
            let cookies = cookies.map(|value| value.to_str().unwrap().to_owned()).collect();
            let headers = response.headers().iter();
            let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
            Ok(Answer { status, headers, cookies, body: response.text().await? })
        })
    }
}

impl Request {
    /// A request without headers and body.
    pub(crate) fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: None }
    }

    /// A form post.
    pub(crate) fn form(url: impl Into<String>, fields: &[(&str, &str)]) -> Self {
        let mut encoder = form_urlencoded::Serializer::new(String::new());
        let body = encoder.extend_pairs(fields).finish();
        Self::new(Method::POST, url).header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    /// The same request with one more header.
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The same request with this body.
    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Some(body.into()), ..self }
    }
}

impl Answer {
    /// A header's value; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body, read as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}\n{self:?}"))
    }

    /// The token response.
    #[track_caller]
    pub(crate) fn token(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        self.json()
    }

    /// The error answer has this status and code, and all that every error answer has; returns the description
    /// without the reference id.
    #[track_caller]
    pub(crate) fn error(&self, status: u16, code: &str) -> String {
        let json = self.json();
        assert_eq!((self.status, json["error"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        let description = json["error_description"].as_str().unwrap();
        description.split_once(" (reference ").unwrap_or_else(|| panic!("no reference in {self:?}")).0.to_owned()
    }

    /// The reference id at the end of the description.
    #[track_caller]
    pub(crate) fn reference(&self) -> String {
        let json = self.json();
        let description = json["error_description"].as_str().unwrap();
        let reference = description.rsplit_once("(reference ").unwrap().1.strip_suffix(')').unwrap();
        assert!((8..=40).contains(&reference.len()), "{self:?}");
        assert!(reference.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{self:?}");
        reference.to_owned()
    }
}
