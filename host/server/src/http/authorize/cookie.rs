//! The id by which a browser is known: a cookie that only its own pages can use.
//!
//! Over https the cookie has the prefix `__Host-` (RFC 6265bis section 4.1.3.2): no other host and no plain
//! connection can set it. Browsers refuse that prefix over http, which this server speaks on loopback only.

use axum::http::{HeaderMap, HeaderValue, header};

use dropins_protocol::TokenHash;
use dropins_protocol::{NoRandomness, random};

/// Letters and digits of an id: 256 bits.
const LENGTH: usize = 43;
const SECURE_NAME: &str = "__Host-dropins";
const PLAIN_NAME: &str = "dropins";

/// A browser. Its id is a secret.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Browser(String);

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Browser(…)")
    }
}

impl Browser {
    /// A browser that was not seen before.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub(super) fn new() -> Result<Self, NoRandomness> {
        random::text(LENGTH).map(Self)
    }

    /// The browser that sends these headers; none when it has no cookie of ours, or two of them.
    pub(super) fn of(headers: &HeaderMap, secure: bool) -> Option<Self> {
        let id = sent(headers, name_of(secure))?;
        let made_here = id.len() == LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        made_here.then(|| Self(id.to_owned()))
    }

    /// The `Set-Cookie` header that makes a browser this one, until it is closed.
    pub(super) fn cookie(&self, secure: bool) -> Option<HeaderValue> {
        let further = if secure { "; Secure" } else { "" };
        let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Lax{further}", name_of(secure), self.0);
        HeaderValue::try_from(cookie).ok().map(|mut cookie| {
            cookie.set_sensitive(true);
            cookie
        })
    }

    /// What the database and tickets know of it.
    pub(super) fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }
}

/// The value of a cookie; none when there are two of the name.
pub fn sent<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = pairs.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut ours = pairs.filter(|(other, _)| *other == name).map(|(_, value)| value);
    ours.next().filter(|_| ours.next().is_none())
}

fn name_of(secure: bool) -> &'static str {
    if secure { SECURE_NAME } else { PLAIN_NAME }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cookies: &[&str], secure: bool) -> Option<Browser> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, cookie.parse().unwrap());
        }
        Browser::of(&headers, secure)
    }

    #[test]
    fn a_browser_is_known_by_the_cookie_that_it_was_given() {
        for (secure, name) in [(true, "__Host-dropins"), (false, "dropins")] {
            let browser = Browser::new().unwrap();
            let set = browser.cookie(secure).unwrap();
            let set = set.to_str().unwrap();
            let (pair, attributes) = set.split_once("; ").unwrap();
            assert_eq!(attributes.contains("Secure"), secure);
            assert!(attributes.starts_with("Path=/; HttpOnly; SameSite=Lax"), "{attributes}");
            assert!(pair.starts_with(&format!("{name}=")), "{pair}");
            assert_eq!(found(&["a=b", &format!("c=d; {pair}")], secure), Some(browser));
            assert_eq!(found(&[pair], !secure), None, "another name");
        }
    }

    #[test]
    fn what_this_server_never_makes_is_no_browser() {
        let good = format!("__Host-dropins={}", "a".repeat(43));
        assert!(found(&[&good], true).is_some());
        assert_eq!(found(&[], true), None);
        assert_eq!(found(&[&good, &good], true), None, "two cookies of one name: an attacker planted one");
        assert_eq!(found(&[&format!("{good}a")], true), None);
        assert_eq!(found(&["__Host-dropins=\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""], true), None);
    }

    #[test]
    fn the_id_is_not_printed() {
        assert_eq!(format!("{:?}", Browser::new().unwrap()), "Browser(…)");
    }
}
