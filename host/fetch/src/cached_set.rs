//! One fetched JWK set, and how long it may be used.
//!
//! HTTP's caching rules (RFC 9111) decide within the bounds of the settings: a server can neither cause a fetch for
//! every request nor keep a removed key alive for longer than they allow.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dropins_services::UnixMillis;
use http::header::{self, HeaderMap, HeaderName};
use http::{Request, Response, StatusCode};
use http_cache_semantics::{AfterResponse, BeforeRequest, CacheOptions, CachePolicy};

use super::client::request_headers;
use super::jwks_url::JwksUrl;
use super::settings::FetchSettings;
use dropins_keys::{Finding, KeySet, PublishedSet};

/// The headers that caching depends on.
const KEPT: [HeaderName; 8] = [
    header::AGE,
    header::CACHE_CONTROL,
    header::DATE,
    header::ETAG,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::PRAGMA,
    header::VARY,
];
/// The longest value of such a header, in bytes.
const MAX_VALUE: usize = 512;
/// The largest number of such headers.
const MAX_HEADERS: usize = 16;

/// A JWK set as it was fetched.
#[derive(Debug, Clone)]
pub struct CachedSet {
    published: PublishedSet,
    body: Arc<[u8]>,
    headers: HeaderMap,
    fetched_at: UnixMillis,
    fresh_until: UnixMillis,
    usable_until: UnixMillis,
}

impl CachedSet {
    /// Reads an answer that was received at this time. A set without a usable key is valid: its client has no key now.
    ///
    /// # Errors
    /// Why the body is not a key set.
    pub(crate) fn read(
        url: &JwksUrl,
        headers: &HeaderMap,
        body: Vec<u8>,
        at: UnixMillis,
        settings: &FetchSettings,
    ) -> Result<Self, String> {
        let seconds = i64::try_from(at / 1000).unwrap_or(i64::MAX);
        let source = url.source().to_owned();
        let set = Self {
            published: PublishedSet::read(&body, source, settings.purpose(), seconds, settings.size_limit)?,
            body: body.into(),
            headers: HeaderMap::new(),
            fetched_at: at,
            fresh_until: at,
            usable_until: at,
        };
        Ok(set.dated(url, kept(headers), at, settings))
    }

    /// The set after its server has confirmed it (RFC 9111 section 4.3.4). Returns `None` if the answer is about another.
    pub(crate) fn confirmed(
        &self,
        url: &JwksUrl,
        headers: &HeaderMap,
        at: UnixMillis,
        settings: &FetchSettings,
    ) -> Option<Self> {
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.headers_mut() = kept(headers);
        let validators = [header::ETAG, header::LAST_MODIFIED];
        if !validators.iter().any(|name| headers.contains_key(name)) {
            // Against RFC 9110 section 15.4.5, but common. The request was about one set only.
            let own = validators.into_iter().filter_map(|name| Some((name.clone(), self.headers.get(name)?.clone())));
            response.headers_mut().extend(own);
        }
        match policy(url, &self.headers, self.fetched_at).after_response(&request(url), &response, instant(at)) {
            AfterResponse::NotModified(_, merged) => {
                self.published.confirm();
                Some(self.clone().dated(url, kept(&merged.headers), at, settings))
            }
            AfterResponse::Modified(..) => None,
        }
    }

    fn dated(mut self, url: &JwksUrl, headers: HeaderMap, at: UnixMillis, settings: &FetchSettings) -> Self {
        let lifetime = lifetime(url, &headers, at, settings);
        self.headers = headers;
        self.fetched_at = at;
        self.fresh_until = at.saturating_add(millis(lifetime));
        self.usable_until = self.fresh_until.saturating_add(millis(settings.stale_if_error));
        self
    }

    /// The headers of a conditional request for the set.
    pub(crate) fn revalidation(&self, url: &JwksUrl) -> HeaderMap {
        // The request says `no-cache`, so the policy never answers "still fresh".
        match policy(url, &self.headers, self.fetched_at).before_request(&request(url), instant(self.fetched_at)) {
            BeforeRequest::Stale { request, .. } => request.headers,
            BeforeRequest::Fresh(_) => request_headers(),
        }
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &Arc<KeySet> {
        self.published.keys()
    }

    /// Whether the last signature that was checked against its keys was wrong.
    pub(crate) fn has_failed(&self) -> bool {
        self.published.has_failed()
    }

    /// Roughly how many bytes of memory the set takes.
    pub(crate) fn memory(&self) -> usize {
        self.published.memory().saturating_add(self.body.len())
    }

    /// The findings about its keys.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        self.published.findings()
    }

    /// When it was last received or confirmed.
    #[must_use]
    pub fn fetched_at(&self) -> UnixMillis {
        self.fetched_at
    }

    /// When it is fetched again.
    #[must_use]
    pub fn fresh_until(&self) -> UnixMillis {
        self.fresh_until
    }

    /// When it expires if it cannot be fetched again.
    #[must_use]
    pub fn usable_until(&self) -> UnixMillis {
        self.usable_until
    }

    /// Whether it serves without a fetch. A set dated in the future means that the clock was set back.
    pub(crate) fn is_fresh(&self, now: UnixMillis) -> bool {
        (self.fetched_at..self.fresh_until).contains(&now)
    }

    /// Whether it serves if it cannot be fetched again.
    pub(crate) fn is_usable(&self, now: UnixMillis) -> bool {
        now < self.usable_until
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(crate) fn body(&self) -> &Arc<[u8]> {
        &self.body
    }
}

/// How long an answer with these headers is fresh, within the bounds of the settings.
pub(crate) fn lifetime(url: &JwksUrl, headers: &HeaderMap, at: UnixMillis, settings: &FetchSettings) -> Duration {
    let lifetime = policy(url, &kept(headers), at).time_to_live(instant(at));
    lifetime.min(settings.max_freshness).max(settings.min_freshness)
}

/// The headers that caching depends on, without absurd values.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let values = KEPT.iter().flat_map(|name| headers.get_all(name).iter().map(move |value| (name, value)));
    let reasonable = values.filter(|(name, value)| match value.to_str() {
        // A larger age overflows the arithmetic of the cache policy.
        Ok(text) if **name == header::AGE => text.parse::<u32>().is_ok(),
        Ok(text) => text.len() <= MAX_VALUE,
        Err(_) => false,
    });
    let mut kept = HeaderMap::new();
    for (name, value) in reasonable.take(MAX_HEADERS) {
        kept.append(name.clone(), value.clone());
    }
    kept
}

/// The policy of a cache that serves one user: `private` may be kept (RFC 9111 section 5.2.2.7).
fn policy(url: &JwksUrl, headers: &HeaderMap, at: UnixMillis) -> CachePolicy {
    let mut response = Response::new(());
    *response.headers_mut() = headers.clone();
    let options = CacheOptions { shared: false, ..CacheOptions::default() };
    CachePolicy::new_options(&request(url), &response, instant(at), options)
}

fn request(url: &JwksUrl) -> Request<()> {
    let mut request = Request::new(());
    *request.uri_mut() = url.uri().clone();
    *request.headers_mut() = request_headers();
    request
}

fn instant(at: UnixMillis) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(at)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = 1_800_000_000_000;
    const MINUTE: u64 = 60_000;
    const DAY: u64 = 24 * 60 * MINUTE;

    fn url() -> JwksUrl {
        JwksUrl::parse("https://client.example/jwks", &FetchSettings::default()).unwrap()
    }

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())).collect()
    }

    fn set(lines: &[(&str, &str)]) -> CachedSet {
        let body = br#"{"keys":[]}"#.to_vec();
        CachedSet::read(&url(), &headers(lines), body, NOW, &FetchSettings::default()).unwrap()
    }

    #[test]
    fn a_set_is_fresh_as_long_as_its_server_says_between_a_minute_and_a_day() {
        let modified = ("last-modified", "Sun, 10 Jan 2027 08:00:00 GMT"); // five days before
        let date = ("date", "Fri, 15 Jan 2027 08:00:00 GMT");
        for (lines, expected) in [
            (&[("cache-control", "max-age=600")][..], 10 * MINUTE),
            (&[("cache-control", "public, max-age=\"600\"")], 10 * MINUTE),
            (&[("cache-control", "max-age=600"), ("age", "120")], 8 * MINUTE),
            (&[date, ("expires", "Fri, 15 Jan 2027 08:20:00 GMT")], 20 * MINUTE),
            (&[date, modified], 12 * 60 * MINUTE),
            (&[("cache-control", "private, max-age=600")], 10 * MINUTE),
            (&[("cache-control", "max-age=59")], MINUTE),
            (&[("cache-control", "max-age=61")], MINUTE + 1_000),
            (&[("cache-control", "max-age=86399")], DAY - 1_000),
            (&[("cache-control", "max-age=86401")], DAY),
            (&[("cache-control", "max-age=99999999999999999999")], MINUTE),
            (&[("cache-control", "max-age=18446744073709551615")], DAY),
            (&[("cache-control", "no-store")], MINUTE),
            (&[("cache-control", "no-cache, max-age=600")], MINUTE),
            (&[("cache-control", "max-age=600"), ("vary", "*")], MINUTE),
            (&[("expires", "0")], MINUTE),
            (&[], MINUTE),
        ] {
            let set = set(lines);
            assert_eq!(set.fresh_until() - NOW, expected, "{lines:?}");
            assert_eq!(set.usable_until() - set.fresh_until(), 60 * MINUTE);
            assert!(set.is_fresh(NOW) && set.is_fresh(set.fresh_until() - 1) && !set.is_fresh(set.fresh_until()));
            assert!(set.is_usable(set.usable_until() - 1) && !set.is_usable(set.usable_until()));
            assert!(!set.is_fresh(NOW - 1), "dated in the future");
        }
    }

    #[test]
    fn absurd_headers_do_no_harm() {
        let long = "x".repeat(MAX_VALUE + 1);
        for lines in [
            &[("age", "18446744073709551615"), ("cache-control", "max-age=600")][..],
            &[("age", "-1")],
            &[("date", "Mon, 01 Jan 0001 00:00:00 GMT"), ("expires", "Fri, 31 Dec 9999 23:59:59 GMT")],
            &[("etag", &long), ("cache-control", &long)],
            &[("cache-control", "max-age=1"), ("cache-control", "max-age=2"), ("cache-control", "=,=,,")],
        ] {
            let set = set(lines);
            assert!((MINUTE..=DAY).contains(&(set.fresh_until() - NOW)), "{lines:?}");
            assert!(set.revalidation(&url()).get("if-none-match").is_none());
        }
    }

    #[test]
    fn a_set_is_asked_about_by_its_validators() {
        let asked = |lines: &[(&str, &str)], name| {
            set(lines).revalidation(&url()).get(name).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(asked(&[("etag", "\"a\"")], "if-none-match").as_deref(), Some("\"a\""));
        assert_eq!(
            asked(&[("etag", "W/\"a\""), ("cache-control", "max-age=600")], "if-none-match").as_deref(),
            Some("W/\"a\"")
        );
        let modified = "Sun, 10 Jan 2027 08:00:00 GMT";
        assert_eq!(asked(&[("last-modified", modified)], "if-modified-since").as_deref(), Some(modified));
        assert_eq!(asked(&[], "if-none-match"), None);
        assert_eq!(asked(&[], "accept-encoding").as_deref(), Some("identity"));
    }

    #[test]
    fn a_confirmed_set_lives_anew_and_another_one_is_not_confirmed() {
        let later = NOW + 30 * MINUTE;
        let confirmed = |lines: &[(&str, &str)], answer: &[(&str, &str)]| {
            set(lines).confirmed(&url(), &headers(answer), later, &FetchSettings::default())
        };
        let own = [("etag", "\"a\""), ("cache-control", "max-age=600")];
        for answer in [&[("etag", "\"a\"")][..], &[]] {
            let set = confirmed(&own, answer).unwrap();
            assert_eq!((set.fetched_at(), set.fresh_until()), (later, later + 10 * MINUTE));
        }
        let shorter = confirmed(&own, &[("etag", "\"a\""), ("cache-control", "max-age=120")]).unwrap();
        assert_eq!(shorter.fresh_until(), later + 2 * MINUTE);
        assert_eq!(shorter.revalidation(&url()).get("if-none-match").unwrap(), "\"a\"");
        assert!(confirmed(&own, &[("etag", "\"b\"")]).is_none());
        let modified = ("last-modified", "Sun, 10 Jan 2027 08:00:00 GMT");
        assert!(confirmed(&[modified], &[]).is_some());
    }

    #[test]
    fn a_set_without_keys_is_a_set_and_anything_else_is_none() {
        assert!(set(&[]).keys().keys().is_empty());
        for body in ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[],\"keys\":[]}", "<html>"] {
            let read = CachedSet::read(&url(), &HeaderMap::new(), body.into(), NOW, &FetchSettings::default());
            assert!(read.is_err(), "{body}");
        }
    }
}
