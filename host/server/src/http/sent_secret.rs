//! Whether a request carries a client secret, and the client id beside it, decoded as the plug-in decodes it.
//!
//! What cannot be decoded is rejected before any hash is computed: it counts as no secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dropins_protocol::{Form, form_decode};

/// The client id that a secret in this request is of.
pub(super) fn client_of(form: &Form, headers: &[(String, String)]) -> Option<String> {
    if form.get("client_secret").is_some() {
        return form.get("client_id").map(str::to_owned);
    }
    headers.iter().filter(|(name, _)| name == "authorization").find_map(|(_, value)| of_basic(value))
}

/// RFC 6749 section 2.3.1: both halves are form-encoded first.
fn of_basic(value: &str) -> Option<String> {
    let (scheme, token) = value.split_once(' ')?;
    let token = scheme.eq_ignore_ascii_case("basic").then(|| token.trim())?;
    let bytes = STANDARD.decode(token).ok()?;
    let (id, _) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    form_decode(id.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(body: &str, authorization: Option<&str>) -> Option<String> {
        let headers: Vec<_> =
            authorization.map(|value| ("authorization".to_owned(), value.to_owned())).into_iter().collect();
        client_of(&Form::parse(body.as_bytes()).unwrap(), &headers)
    }

    #[test]
    fn a_secret_comes_in_the_form_or_in_a_header() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert_eq!(client("client_id=app&client_secret=x", None).as_deref(), Some("app"));
        assert_eq!(client("", Some(&basic("app:x"))).as_deref(), Some("app"));
        assert_eq!(client("", Some(&basic("%61p+p:x:y").replace("Basic", "bAsIc"))).as_deref(), Some("ap p"));
    }

    #[test]
    fn a_request_without_a_secret_that_can_be_read_has_none() {
        assert_eq!(client("client_id=app", None), None);
        assert_eq!(client("client_id=app&client_secret=", None), None);
        for header in ["Bearer YTpi", "Basic", "Basic !", "Basic YWJj", "Basic JTpi"] {
            assert_eq!(client("client_id=app", Some(header)), None, "{header}");
        }
    }
}
