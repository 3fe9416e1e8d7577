//! The credential: client id and secret, from the header or from the form, never from both.
//!
//! The header holds base64 of `id:secret`, each of them form-encoded (RFC 6749 section 2.3.1 and appendix B). A header
//! that cannot be decoded is a malformed request, not a wrong secret. The secret is never printed.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dropins_plugin::Request;

use crate::reason::{Reason, Rejection, broken};
use crate::request::{authorizations, basic};

/// How the credential was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `client_secret_basic`
    Basic,
    /// `client_secret_post`
    Post,
}

impl Method {
    /// The name in the IANA registry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
        }
    }
}

/// A client secret; no message shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for the host to compare.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A client id with the secret that is to prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The client id.
    pub client_id: String,
    /// The secret.
    pub secret: Secret,
    /// How both were sent.
    pub method: Method,
}

impl Credential {
    /// The one credential of a request.
    ///
    /// # Errors
    /// [`Rejection`] if the request has no credential, several, or a malformed one.
    pub fn from_request(request: &Request<'_>) -> Result<Self, Rejection> {
        if let Some(name) = ["client_id", "client_secret"].into_iter().find(|name| request.is_repeated(name)) {
            return Err(broken(Reason::RepeatedParameter, &format!("{name} more than once")));
        }
        let mut authorizations = authorizations(request);
        let token = match (authorizations.next(), authorizations.next()) {
            (Some(_), Some(_)) => {
                return Err(broken(Reason::RepeatedHeader, "Authorization more than once"));
            }
            (authorization, _) => authorization.and_then(basic),
        };
        match (token, request.parameter("client_secret")) {
            (Some(_), Some(_)) => {
                Err(broken(Reason::TwoMethods, "an Authorization header and a client_secret parameter"))
            }
            (Some(token), None) => Self::from_header(token, request.parameter("client_id")),
            (None, Some(secret)) => {
                let client_id = request
                    .parameter("client_id")
                    .ok_or_else(|| broken(Reason::ClientIdMissing, "client_secret without client_id"))?;
                let (client_id, secret) = (client_id.to_owned(), Secret(secret.to_owned()));
                Ok(Self { client_id, secret, method: Method::Post })
            }
            (None, None) => Err(broken(Reason::CredentialMissing, "no client secret")),
        }
    }

    fn from_header(token: &str, parameter: Option<&str>) -> Result<Self, Rejection> {
        let malformed = |what| broken(Reason::HeaderMalformed, what);
        let bytes = STANDARD.decode(token).map_err(|_| malformed("a token that is not base64"))?;
        let text = String::from_utf8(bytes).map_err(|_| malformed("a token that is not UTF-8"))?;
        let (id, secret) = text.split_once(':').ok_or_else(|| malformed("a token without a colon"))?;
        let decode = |text| form_decode(text).ok_or_else(|| malformed("invalid percent-encoding"));
        let (client_id, secret) = (decode(id)?, Secret(decode(secret)?));
        if client_id.is_empty() {
            return Err(broken(Reason::ClientIdMissing, "an empty client id"));
        }
        if parameter.is_some_and(|parameter| parameter != client_id) {
            return Err(broken(Reason::ClientIdMismatch, "a client_id parameter that names another client"));
        }
        Ok(Self { client_id, secret, method: Method::Basic })
    }
}

/// Decodes one `application/x-www-form-urlencoded` value strictly; returns `None` if it is malformed.
fn form_decode(text: &str) -> Option<String> {
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, tail @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => tail,
            (b'%', _) => return None,
            _ => tail,
        };
    }
    // The library splits at these two, which are literal in a client id that was sent unencoded.
    let escaped = text.replace('&', "%26").replace('=', "%3D");
    let mut pairs = form_urlencoded::parse(escaped.as_bytes());
    let value = pairs.next().map_or(Cow::Borrowed(""), |(value, _)| value);
    // Bytes that are not UTF-8 come out as replacement characters.
    let replaced = |text: &str| text.matches('\u{fffd}').count();
    let expected = replaced(text) + text.to_ascii_lowercase().matches("%ef%bf%bd").count();
    (replaced(&value) == expected).then(|| value.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(form: &[(&str, &str)], headers: &[&str]) -> Result<Credential, Reason> {
        let headers = headers.iter().map(|value| ("authorization", *value)).collect();
        Credential::from_request(&Request { form: form.to_vec(), headers, ..Request::default() })
            .map_err(|rejection| rejection.reason)
    }

    fn header(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    fn basic(id: &str, secret: &str) -> Result<Credential, Reason> {
        Ok(Credential { client_id: id.to_owned(), secret: Secret(secret.to_owned()), method: Method::Basic })
    }

    #[test]
    fn a_header_holds_id_and_secret_both_form_encoded() {
        for (text, id, secret) in [
            ("id:secret", "id", "secret"),
            ("id:a:b", "id", "a:b"),
            ("a%3Ab:c%2Bd+e", "a:b", "c+d e"),
            ("i%C3%A9:%ef%bf%bd", "ié", "\u{fffd}"),
            ("a&b=c:d=e&f", "a&b=c", "d=e&f"),
            ("id:", "id", ""),
        ] {
            assert_eq!(read(&[], &[&header(text)]), basic(id, secret), "{text}");
        }
    }

    #[test]
    fn a_header_that_cannot_be_decoded_is_malformed() {
        for value in [
            "Basic".to_owned(),
            "Basic !".to_owned(),
            "Basic aWQ6c2VjcmV0 x".to_owned(),
            header("no colon"),
            header("id:%"),
            header("id:%4"),
            header("id:%zz"),
            header("%ff:secret"),
            header("id:%ef%bf%bd%ff"),
            format!("Basic {}", STANDARD.encode(b"id:\xff")),
        ] {
            assert_eq!(read(&[], &[&value]), Err(Reason::HeaderMalformed), "{value}");
        }
        assert_eq!(read(&[], &[&header(":secret")]), Err(Reason::ClientIdMissing));
    }

    #[test]
    fn the_form_holds_id_and_secret_as_they_are() {
        let credential = read(&[("client_id", "a%3Ab"), ("client_secret", "c+d")], &[]).unwrap();
        assert_eq!((credential.client_id.as_str(), credential.secret.expose()), ("a%3Ab", "c+d"));
        assert_eq!(credential.method, Method::Post);
        assert_eq!(read(&[("client_secret", "s")], &[]), Err(Reason::ClientIdMissing));
        assert_eq!(read(&[("client_id", "c")], &[]), Err(Reason::CredentialMissing));
    }

    #[test]
    fn one_credential_in_one_place() {
        let (good, form) = (header("id:secret"), [("client_id", "id"), ("client_secret", "secret")]);
        assert_eq!(read(&form, &[&good]), Err(Reason::TwoMethods));
        assert_eq!(read(&[], &[&good, &good]), Err(Reason::RepeatedHeader));
        assert_eq!(read(&[form[1], form[1]], &[]), Err(Reason::RepeatedParameter));
        assert_eq!(read(&[form[0], form[0]], &[&good]), Err(Reason::RepeatedParameter));
        assert_eq!(read(&[("client_secret", "")], &[&good]), basic("id", "secret"), "an empty parameter is absent");
    }

    #[test]
    fn the_parameter_client_id_agrees_with_the_header() {
        let good = header("id:secret");
        assert_eq!(read(&[("client_id", "id")], &[&good]), basic("id", "secret"));
        assert_eq!(read(&[("client_id", "ID")], &[&good]), Err(Reason::ClientIdMismatch));
    }

    #[test]
    fn a_secret_is_never_printed() {
        let credential = read(&[("client_id", "id"), ("client_secret", "hunter2")], &[]).unwrap();
        assert!(!format!("{credential:?}").contains("hunter2"));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(value in ".{0,48}", bytes in prop::collection::vec(any::<u8>(), 0..48)) {
            let _ = read(&[], &[&format!("Basic {value}")]);
            let _ = read(&[], &[&format!("Basic {}", STANDARD.encode(bytes))]);
        }

        #[test]
        fn what_was_form_encoded_is_decoded(id in ".{1,24}", secret in ".{0,24}") {
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let value = header(&format!("{}:{}", encode(&id), encode(&secret)));
            prop_assert_eq!(read(&[], &[&value]), basic(&id, &secret));
        }
    }
}
