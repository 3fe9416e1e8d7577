//! The way back to the client: its redirect URI with the parameters of the answer (RFC 6749 section 4.1.2).
//!
//! Every answer, good or bad, has `state` as it came and `iss` (RFC 9207), so that a client that talks to several
//! servers knows which of them answers.

use url::Url;

use dropins_protocol::ErrorCode;

/// Where a client hears the answer. There is none but for a redirect URI that the client has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo {
    /// The redirect URI as it was requested.
    pub redirect_uri: String,
    /// The client's own value.
    pub state: Option<String>,
}

impl ReturnTo {
    /// The URL that hands the client a code.
    pub fn with_code(&self, code: &str, issuer: &str) -> String {
        self.url(&[("code", code)], issuer)
    }

    /// The URL that tells the client why there is none.
    pub fn with_error(&self, code: ErrorCode, description: &str, issuer: &str) -> String {
        self.url(&[("error", code.as_str()), ("error_description", description)], issuer)
    }

    fn url(&self, answer: &[(&str, &str)], issuer: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(answer);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", issuer);
        // The URI's own bytes stay as they are: a client may compare them.
        let joint = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{joint}{}", self.redirect_uri, query.finish())
    }
}

/// What `form-action` of a Content-Security-Policy must allow for a form whose answer leads to this redirect URI:
/// browsers apply it to redirects as well. An address that the policy cannot name is allowed by its scheme.
pub fn form_target(redirect_uri: &str) -> Option<String> {
    let url = Url::parse(redirect_uri).ok()?;
    let origin = url.origin();
    let nameable = |origin: &str| origin.bytes().all(|b| b.is_ascii_alphanumeric() || b":/.-".contains(&b));
    match origin.is_tuple().then(|| origin.ascii_serialization()).filter(|origin| nameable(origin)) {
        Some(origin) => Some(origin),
        None => Some(format!("{}:", url.scheme())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(redirect_uri: &str, state: Option<&str>) -> ReturnTo {
        ReturnTo { redirect_uri: redirect_uri.to_owned(), state: state.map(str::to_owned) }
    }

    #[test]
    fn an_answer_is_appended_to_the_query_with_state_and_issuer() {
        assert_eq!(
            to("https://app.example/cb", Some("a b&c=é")).with_code("xyz", "https://is.example"),
            "https://app.example/cb?code=xyz&state=a+b%26c%3D%C3%A9&iss=https%3A%2F%2Fis.example"
        );
        assert_eq!(
            to("app:/cb?x=%20", None).with_error(ErrorCode::AccessDenied, "No", "https://is.example"),
            "app:/cb?x=%20&error=access_denied&error_description=No&iss=https%3A%2F%2Fis.example"
        );
    }

    #[test]
    fn a_form_may_lead_to_the_clients_origin_and_a_policy_cannot_be_injected() {
        for (uri, target) in [
            ("https://app.example/cb?x=1", "https://app.example"),
            ("http://localhost:8080/cb", "http://localhost:8080"),
            ("http://127.0.0.1:9/cb", "http://127.0.0.1:9"),
            ("http://[::1]:9/cb", "http:"),
            ("com.example.app:/cb", "com.example.app:"),
            ("https://a;script-src'*'/cb", "https:"),
        ] {
            assert_eq!(form_target(uri).as_deref(), Some(target), "{uri}");
        }
        assert_eq!(form_target("/cb"), None);
    }
}
