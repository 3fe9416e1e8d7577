//! A form post to an endpoint that authenticates clients, read strictly.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};

use super::body;
use dropins_host::Fields;
use dropins_protocol::{ErrorCode, Form, OAuthError, is_form};

/// Credentials and grant parameters must not stand in a URL, where logs and proxies keep them.
const NEVER_IN_QUERY: [&str; 16] = [
    "assertion",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "grant_type",
    "password",
    "redirect_uri",
    "refresh_token",
    "request",
    "request_uri",
    "scope",
    "token",
    "username",
];

/// What an assertion comes in. Another credential beside it is rejected before a plug-in could consume its `jti`,
/// whether or not a plug-in for that credential is enabled.
const ASSERTION: [&str; 2] = ["client_assertion", "client_assertion_type"];

/// The text of two credentials in one request.
pub(super) const SEVERAL_METHODS: &str = "The request uses more than one client authentication method";

/// A well-formed form post.
pub(crate) struct FormPost {
    /// The parameters.
    pub(crate) form: Form,
    /// The body that they were read from.
    pub(crate) body: Vec<u8>,
    /// The headers, in the order of the wire.
    pub(crate) headers: Fields,
}

impl FormPost {
    /// Reads a form post.
    ///
    /// # Errors
    /// [`OAuthError`] says what is malformed.
    pub(crate) async fn read(request: Request<Body>) -> Result<Self, OAuthError> {
        let (parts, body) = request.into_parts();
        if parts.method != Method::POST {
            return Err(OAuthError::new(
                ErrorCode::MethodNotAllowed { allow: "POST" },
                "This endpoint takes POST requests only",
            ));
        }
        if let Some(name) = in_query(parts.uri.query().unwrap_or_default()) {
            return Err(OAuthError::invalid_request(format!(
                "The parameter {name} must be in the body, not in the URL"
            )));
        }
        let mut types = parts.headers.get_all(header::CONTENT_TYPE).iter();
        let content_type = types.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !is_form(content_type) || types.next().is_some() {
            return Err(OAuthError::invalid_request("The Content-Type must be application/x-www-form-urlencoded"));
        }
        let body = body::read(&parts.headers, body).await?;
        let form = Form::parse(&body).map_err(|error| OAuthError::invalid_request(error.to_string()))?;
        if ASSERTION.iter().any(|name| form.get(name).is_some())
            && (parts.headers.contains_key(header::AUTHORIZATION) || form.get("client_secret").is_some())
        {
            return Err(OAuthError::invalid_request(SEVERAL_METHODS));
        }
        Ok(Self { form, body, headers: readable(&parts.headers)? })
    }

    /// A parameter that the endpoint cannot do without.
    ///
    /// # Errors
    /// `invalid_request` when it is missing or empty.
    pub(super) fn required(&self, name: &str) -> Result<&str, OAuthError> {
        let missing = || OAuthError::invalid_request(format!("The parameter {name} is missing"));
        self.form.get(name).ok_or_else(missing)
    }
}

fn in_query(query: &str) -> Option<&'static str> {
    // Some servers separate parameters at `;` too.
    query
        .split(';')
        .flat_map(|part| form_urlencoded::parse(part.as_bytes()))
        .find_map(|(name, _)| NEVER_IN_QUERY.iter().find(|&&forbidden| *name == *forbidden).copied())
}

fn readable(headers: &HeaderMap) -> Result<Fields, OAuthError> {
    headers
        .iter()
        .map(|(name, value)| match std::str::from_utf8(value.as_bytes()) {
            Ok(value) => Ok((name.as_str().to_owned(), value.to_owned())),
            // Dropping what cannot be read could hide a credential from the rule "one method only".
            Err(_) => Err(OAuthError::invalid_request(format!("The header {name} is not valid text"))),
        })
        .collect()
}
