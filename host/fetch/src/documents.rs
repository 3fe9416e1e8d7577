//! Metadata documents of clients whose id is a URL, and the key sets that such documents name.
//!
//! Strangers choose these URLs, so few fetches are under way at once, documents and key sets together, and one a host. A
//! document is JSON by its content type and has at most [`MAX_DOCUMENT`] bytes; nothing else than status 200 is one
//! (draft-ietf-oauth-client-id-metadata-document section 4).

use std::sync::Arc;
use std::time::Duration;

use dropins_services::{Clock, UnixMillis};
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};

use super::cached_set;
use super::client::{Answer, Client, request_headers};
use super::error::FetchError;
use super::fetcher::{JwksFetcher, OpenError};
use super::guard::{Lookup, SystemLookup};
use super::jwks_url::JwksUrl;
use super::settings::FetchSettings;

/// The largest document, in bytes.
pub const MAX_DOCUMENT: usize = 5 * 1024;

/// The longest content type that is named in an error, in characters.
const MAX_TYPE: usize = 100;

/// A document as its host sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The text; nothing is known about it.
    pub body: Vec<u8>,
    /// How long it is fresh, by HTTP's rules within the bounds of the settings.
    pub lifetime: Duration,
}

/// Fetches documents and the key sets that they name.
pub struct DocumentFetcher {
    client: Arc<Client>,
    sets: JwksFetcher,
}

impl DocumentFetcher {
    /// Makes a fetcher; its settings bound the key sets.
    ///
    /// # Errors
    /// [`OpenError`] names the cause.
    pub fn open(settings: FetchSettings, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        Self::with_lookup(settings, clock, Arc::new(SystemLookup::new()))
    }

    pub(crate) fn with_lookup(
        settings: FetchSettings,
        clock: Arc<dyn Clock>,
        lookup: Arc<dyn Lookup>,
    ) -> Result<Self, OpenError> {
        let client = Arc::new(Client::new(&settings, lookup).map_err(OpenError::Client)?);
        let sets = JwksFetcher::over(Arc::clone(&client), settings, clock)?;
        Ok(Self { client, sets })
    }

    /// The key sets that documents name.
    #[must_use]
    pub fn sets(&self) -> &JwksFetcher {
        &self.sets
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &FetchSettings {
        self.sets.settings()
    }

    /// Fetches a document now.
    ///
    /// # Errors
    /// [`FetchError`], with details for an operator.
    pub fn get<'a>(&'a self, url: &'a JwksUrl, now: UnixMillis) -> BoxFuture<'a, Result<Document, FetchError>> {
        Box::pin(async move {
            let mut headers = request_headers();
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
            match self.client.get(url, headers, MAX_DOCUMENT).await? {
                Answer::Set(headers, body) => {
                    is_json(&headers)?;
                    Ok(Document { body, lifetime: cached_set::lifetime(url, &headers, now, self.settings()) })
                }
                // The request has no condition.
                Answer::NotModified(_) => Err(FetchError::BadStatus(304)),
            }
        })
    }
}

/// `application/json`, or a type of the form `application/NAME+json`.
fn is_json(headers: &HeaderMap) -> Result<(), FetchError> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (first, second) = (types.next().and_then(|value| value.to_str().ok()).unwrap_or_default(), types.next());
    let essence = first.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json"
        || essence
            .strip_prefix("application/")
            .and_then(|name| name.strip_suffix("+json"))
            .is_some_and(|n| !n.is_empty());
    if is_json && second.is_none() {
        Ok(())
    } else {
        Err(FetchError::NotJson(essence.chars().take(MAX_TYPE).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    struct Documents {
        fetcher: Arc<DocumentFetcher>,
        server: Arc<Server>,
    }

    async fn documents(reply: Reply) -> Documents {
        let names = Names::new();
        for name in ["keys.test", "rebinding.test"] {
            names.set(name, &["127.0.0.1"]);
        }
        let allow_private = crate::HostList::parse(["127.0.0.1", "keys.test", "rebinding.test"]).unwrap();
        let settings = FetchSettings { allow_private, at_once: 8, one_a_host: true, ..settings() };
        let clock = Arc::new(dropins_services::FixedClock::at(NOW));
        let fetcher = Arc::new(DocumentFetcher::with_lookup(settings, clock, names).unwrap());
        Documents { fetcher, server: Server::start(reply).await }
    }

    impl Documents {
        fn url(&self, host: &str) -> JwksUrl {
            let text = format!("http://{host}:{}/client.json", self.server.address.port());
            JwksUrl::parse(&text, self.fetcher.settings()).unwrap()
        }

        async fn get(&self) -> Result<Document, FetchError> {
            self.fetcher.get(&self.url("127.0.0.1"), NOW).await
        }
    }

    const JSON: &str = "content-type: application/json\r\n";

    #[tokio::test]
    async fn a_document_is_json_of_at_most_five_kilobytes() {
        let documents = documents(ok(JSON, "{}")).await;
        assert_eq!(
            documents.get().await.unwrap(),
            Document { body: b"{}".to_vec(), lifetime: Duration::from_secs(60) }
        );
        assert!(documents.server.last_request().contains("accept: application/json\r\n"));
        for good in ["application/json; charset=utf-8", "Application/JSON", "application/oauth-client+json"] {
            documents.server.answer(ok(&format!("content-type: {good}\r\n"), "{}"));
            assert!(documents.get().await.is_ok(), "{good}");
        }
        for bad in
            ["", "content-type: text/plain\r\n", "content-type: text/json\r\n", "content-type: application/+json\r\n"]
        {
            documents.server.answer(ok(bad, "{}"));
            assert!(matches!(documents.get().await, Err(FetchError::NotJson(_))), "{bad}");
        }
        documents.server.answer(ok(&format!("{JSON}{JSON}"), "{}"));
        assert!(matches!(documents.get().await, Err(FetchError::NotJson(_))), "two types");
        documents.server.answer(ok(JSON, &" ".repeat(MAX_DOCUMENT)));
        assert!(documents.get().await.is_ok());
        documents.server.answer(ok(JSON, &" ".repeat(MAX_DOCUMENT + 1)));
        assert_eq!(documents.get().await, Err(FetchError::TooLarge(MAX_DOCUMENT)));
    }

    #[tokio::test]
    async fn every_other_status_is_an_error_and_a_redirect_is_not_followed() {
        let documents = documents(status("304 Not Modified")).await;
        assert_eq!(documents.get().await, Err(FetchError::BadStatus(304)));
        for code in [201, 204, 404, 410, 500] {
            documents.server.answer(status(&format!("{code} x")));
            assert_eq!(documents.get().await, Err(FetchError::BadStatus(code)));
        }
        let away = format!(
            "HTTP/1.1 302 Found\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
            documents.url("keys.test").as_str()
        );
        documents.server.answer(Reply::Bytes(away));
        let before = documents.server.hits();
        assert_eq!(documents.get().await, Err(FetchError::Redirect(302)));
        assert_eq!(documents.server.hits(), before + 1);
    }

    #[tokio::test]
    async fn one_fetch_a_host_is_under_way_key_sets_included() {
        let documents = documents(ok(JSON, "{\"keys\":[]}")).await;
        documents.server.close_doors();
        let (fetcher, slow) = (Arc::clone(&documents.fetcher), documents.url("keys.test"));
        let first = tokio::spawn(async move { fetcher.get(&slow, NOW).await });
        until("the first one is under way", || documents.server.hits() == 1).await;
        let (sets, same) = (documents.fetcher.sets().clone(), documents.url("keys.test"));
        let second = tokio::spawn(async move { sets.refresh(&same).await.is_ok() });
        let (fetcher, other) = (Arc::clone(&documents.fetcher), documents.url("rebinding.test"));
        let third = tokio::spawn(async move { fetcher.get(&other, NOW).await });
        until("another host has its turn", || documents.server.hits() == 2).await;
        documents.server.doors.add_permits(1000);
        assert!(first.await.unwrap().is_ok() && second.await.unwrap() && third.await.unwrap().is_ok());
        assert_eq!(documents.server.hits(), 3);
    }
}
