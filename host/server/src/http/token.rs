//! `POST /oauth2/token` (RFC 6749 section 3.2).
//!
//! The request is read strictly, the client is authenticated by the live plug-ins, and only then is anything
//! about its grant looked at. Every decision leaves one audit event.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use dropins_host::Verdict;

use super::attempt::Attempt;
use super::body;
use super::error::{ErrorKind, OAuthError};
use super::form::{Form, is_form};
use crate::app::App;
use crate::audit;
use crate::clients::RegisteredClient;
use crate::live::Live;
use crate::reference::reference;

/// Credentials and grant parameters must not stand in a URL, where logs and proxies keep them.
const NEVER_IN_QUERY: [&str; 15] = [
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
    "scope",
    "token",
    "username",
];

pub(super) async fn endpoint(State(app): State<Arc<App>>, request: Request) -> Response {
    let reference = reference();
    let challenge = request.headers().contains_key(header::AUTHORIZATION);
    let live = app.live();
    let mut attempt = Attempt::default();
    let response = match handle(&app, &live, request, &reference, &mut attempt).await {
        Ok(response) => super::json(StatusCode::OK, &response),
        Err(error) => {
            app.metrics.answered(error.kind);
            error.respond(&reference, challenge)
        }
    };
    attempt.answered(response.status(), &*app.replay);
    response
}

async fn handle(
    app: &App,
    live: &Live,
    request: Request,
    reference: &str,
    attempt: &mut Attempt,
) -> Result<serde_json::Value, OAuthError> {
    let read = read(request).await.inspect_err(|error| audit::malformed(reference, error))?;
    let grant = read.form.get("grant_type").map(str::to_owned);
    let Some(grant) = grant else {
        let error = OAuthError::invalid_request("The parameter grant_type is missing");
        audit::malformed(reference, &error);
        return Err(error);
    };
    if !crate::grant::is_supported(&grant) {
        let error = OAuthError::new(ErrorKind::UnsupportedGrantType, "The grant type is not supported");
        audit::malformed(reference, &error);
        return Err(error);
    }
    let scope = read.form.get("scope").unwrap_or_default().to_owned();
    let client = authenticate(app, live, read, &live.endpoints.token, reference, attempt).await?;
    crate::grant::client_credentials(app, live, &client, &grant, &scope)
        .inspect(|_| app.metrics.issued(&grant))
        .inspect_err(|error| audit::refused_grant(reference, &client.registration.id, &grant, error))
}

/// A well-formed form post.
pub(super) struct FormPost {
    form: Form,
    headers: Vec<(String, String)>,
}

/// Reads a form post strictly (RULES 2).
pub(super) async fn read(request: Request<Body>) -> Result<FormPost, OAuthError> {
    let (parts, body) = request.into_parts();
    if parts.method != Method::POST {
        return Err(OAuthError::new(
            ErrorKind::MethodNotAllowed { allow: "POST" },
            "This endpoint takes POST requests only",
        ));
    }
    if let Some(name) = in_query(parts.uri.query().unwrap_or_default()) {
        return Err(OAuthError::invalid_request(format!("The parameter {name} must be in the body, not in the URL")));
    }
    let mut types = parts.headers.get_all(header::CONTENT_TYPE).iter();
    let content_type = types.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_form(content_type) || types.next().is_some() {
        return Err(OAuthError::invalid_request("The Content-Type must be application/x-www-form-urlencoded"));
    }
    let body = body::read(&parts.headers, body).await?;
    let form = Form::parse(&body).map_err(|error| OAuthError::invalid_request(error.to_string()))?;
    Ok(FormPost { form, headers: readable(&parts.headers)? })
}

fn in_query(query: &str) -> Option<&'static str> {
    form_urlencoded::parse(query.as_bytes())
        .find_map(|(name, _)| NEVER_IN_QUERY.iter().find(|&&forbidden| *name == *forbidden).copied())
}

fn readable(headers: &HeaderMap) -> Result<Vec<(String, String)>, OAuthError> {
    headers
        .iter()
        .map(|(name, value)| match std::str::from_utf8(value.as_bytes()) {
            Ok(value) => Ok((name.as_str().to_owned(), value.to_owned())),
            // Dropping what cannot be read could hide a credential from the rule "one method only".
            Err(_) => Err(OAuthError::invalid_request(format!("The header {name} is not valid text"))),
        })
        .collect()
}

/// Has the live plug-ins authenticate the client, and writes down what they decided. The caller tells the attempt how
/// the request was answered.
pub(super) async fn authenticate(
    app: &App,
    live: &Live,
    post: FormPost,
    endpoint: &str,
    reference: &str,
    attempt: &mut Attempt,
) -> Result<Arc<RegisteredClient>, OAuthError> {
    let request = dropins_host::Request {
        endpoint: endpoint.to_owned(),
        issuer: live.endpoints.issuer.clone(),
        token_endpoint: live.endpoints.token.clone(),
        form: post.form.into_fields(),
        headers: post.headers,
        reference: reference.to_owned(),
    };
    let mut decision = live.generation.authenticate(&request).await;
    attempt.note(&mut decision);
    app.metrics.decided(&decision);
    audit::decision(reference, endpoint, &decision);
    let Verdict::Authenticated(client) = &decision.verdict else {
        let error = OAuthError::of(&decision.verdict);
        let error = error.unwrap_or_else(|| OAuthError::new(ErrorKind::ServerError, "The server failed"));
        return Err(match &decision.verdict {
            Verdict::Rejected(rejection) if live.deployment.oauth.detailed_errors => {
                OAuthError::new(error.kind, format!("{}: {}", rejection.reason, rejection.detail))
            }
            _ => error,
        });
    };
    // A plug-in may only vouch for clients that the server knows; one may be removed or disabled meanwhile.
    let registered = live.clients.find(&client.id).await.map_err(|down| {
        tracing::error!(reference, client = client.id, %down, "an authenticated client cannot be looked up");
        OAuthError::new(ErrorKind::TemporarilyUnavailable, "The server cannot decide now; try again")
    })?;
    let registered = registered.ok_or_else(|| {
        tracing::warn!(reference, client = client.id, "an authenticated client is refused: it is not registered now");
        OAuthError::invalid_client()
    })?;
    if let Some(key) = &decision.evidence.key {
        app.ledger.used(&client.id, key);
    }
    Ok(registered)
}
