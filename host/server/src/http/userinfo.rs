//! `GET` and `POST /oauth2/userinfo`: who the user of an access token is (OpenID Connect Core section 5.3).
//!
//! The token comes in the `Authorization` header, or in the form of a post; never in the query. Errors are those of
//! RFC 6750 section 3.1. A token whose client or user is gone is invalid, as at introspection.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value};

use super::answer;
use super::body;
use super::rate_limit;
use crate::app::ClientServices;
use crate::json::json as json_answer;
use dropins_live::Live;
use dropins_oauth::grants::validity;
use dropins_protocol::names::OPENID;
use dropins_protocol::{ErrorCode, Form, OAuthError, is_form, reference};
use dropins_store::users::User;

/// The parameter of RFC 6750 section 2.2.
const ACCESS_TOKEN: &str = "access_token";

pub(super) async fn endpoint(State(services): State<Arc<ClientServices>>, request: Request) -> Response {
    if let Some(refused) = rate_limit::refused(&services.authentication, &request) {
        return refused;
    }
    let (live, reference) = (services.authentication.published.current(), reference());
    let sent = read(request).await;
    let has_token = !matches!(&sent, Ok(None));
    let told = match sent {
        Ok(Some(token)) => claims(&services, &live, &token).await,
        Ok(None) => Err(invalid_token("The access token is missing")),
        Err(error) => Err(error),
    };
    match told {
        Ok(claims) => json_answer(StatusCode::OK, &Value::Object(claims)),
        Err(error) => {
            services.authentication.metrics.answered(error.code);
            let now = services.authentication.clock.now_seconds();
            services.authentication.decisions.rejected(now, &reference, None, "userinfo-refused", None, &error);
            let mut response = answer::respond(&error, &reference, has_token);
            if error.code == ErrorCode::InvalidRequest {
                let challenge = HeaderValue::from_static("Bearer realm=\"dropins\", error=\"invalid_request\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
    }
}

fn invalid_token(description: &str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidToken, description)
}

/// The token of the request.
async fn read(request: Request<Body>) -> Result<Option<String>, OAuthError> {
    let (parts, content) = request.into_parts();
    if parts.method != Method::GET && parts.method != Method::POST {
        let code = ErrorCode::MethodNotAllowed { allow: "GET, POST" };
        return Err(OAuthError::new(code, "This endpoint takes GET and POST requests only"));
    }
    let mut query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    if query.any(|(name, _)| name == ACCESS_TOKEN) {
        return Err(OAuthError::invalid_request("An access token must not be in the URL"));
    }
    let posted = if parts.method == Method::POST { posted(&parts.headers, content).await? } else { None };
    match (bearer(&parts.headers)?, posted) {
        (Some(_), Some(_)) => Err(OAuthError::invalid_request("The request has two access tokens")),
        (header, posted) => Ok(header.or(posted)),
    }
}

fn bearer(headers: &HeaderMap) -> Result<Option<String>, OAuthError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let wrong = || OAuthError::invalid_request("The Authorization header is not one bearer token");
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(wrong)?;
    let token = token.trim_matches(' ');
    let is_one = values.next().is_none() && scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    if is_one { Ok(Some(token.to_owned())) } else { Err(wrong()) }
}

async fn posted(headers: &HeaderMap, content: Body) -> Result<Option<String>, OAuthError> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = body::read(headers, content).await?;
    if text.is_empty() || !is_form(content_type) {
        return Ok(None);
    }
    let form = Form::parse(&text).map_err(|error| OAuthError::invalid_request(error.to_string()))?;
    Ok(form.get(ACCESS_TOKEN).map(str::to_owned))
}

async fn claims(services: &ClientServices, live: &Live, text: &str) -> Result<Map<String, Value>, OAuthError> {
    let down = |error: dropins_database::StoreError| {
        tracing::error!(%error, "userinfo cannot be answered");
        OAuthError::unavailable()
    };
    let unknown = || invalid_token("The access token is not valid");
    let token = services.access_token(text, &live.endpoints.issuer).await.map_err(down)?.ok_or_else(unknown)?;
    if !services.grants.is_active(&token).await.map_err(down)? {
        return Err(unknown());
    }
    let invalidated = validity::of_access_token(&live.clients, &services.users, &token).await;
    if invalidated.map_err(|refusal| refusal.error)?.is_some() {
        return Err(unknown());
    }
    if !token.scope.iter().any(|scope| scope == OPENID) {
        return Err(OAuthError::new(ErrorCode::InsufficientScope, "The access token lacks the scope openid"));
    }
    let user = services.users.find(&token.subject).await.map_err(down)?;
    let user = user.filter(|_| token.subject != token.client_id);
    user.map(|user| described(&user, &token.scope)).ok_or_else(|| invalid_token("The access token is not a user's"))
}

/// The claims of the scopes (OpenID Connect Core section 5.4), as far as this server knows them.
fn described(user: &User, scope: &[String]) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".to_owned(), user.id.as_str().into());
    if scope.iter().any(|scope| scope == "profile") {
        claims.insert("preferred_username".to_owned(), user.name.as_str().into());
        claims.insert("updated_at".to_owned(), user.updated_at.into());
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn token(request: axum::http::request::Builder, body: &'static str) -> Result<Option<String>, ErrorCode> {
        read(request.body(Body::from(body)).unwrap()).await.map_err(|error| error.code)
    }

    #[tokio::test]
    async fn a_token_comes_in_the_header_or_in_the_form_of_a_post() {
        let get = || Request::get("/oauth2/userinfo");
        let post = || Request::post("/oauth2/userinfo").header("content-type", "application/x-www-form-urlencoded");
        assert_eq!(token(get().header("authorization", "bearer abc"), "").await, Ok(Some("abc".to_owned())));
        assert_eq!(token(post(), "access_token=abc").await, Ok(Some("abc".to_owned())));
        assert_eq!(token(post().header("authorization", "Bearer abc"), "").await, Ok(Some("abc".to_owned())));
        for nothing in [get(), post(), Request::post("/oauth2/userinfo")] {
            assert_eq!(token(nothing, "").await, Ok(None));
        }
        assert_eq!(token(Request::post("/x").header("content-type", "text/plain"), "access_token=abc").await, Ok(None));
    }

    #[tokio::test]
    async fn two_tokens_a_token_in_the_url_and_another_scheme_are_malformed() {
        let post = || Request::post("/x").header("content-type", "application/x-www-form-urlencoded");
        for (request, body) in [
            (post().header("authorization", "Bearer abc"), "access_token=abc"),
            (post(), "access_token=a&access_token=b"),
            (Request::get("/x?access_token=abc"), ""),
            (Request::get("/x").header("authorization", "Basic abc"), ""),
            (Request::get("/x").header("authorization", "Bearer"), ""),
            (Request::get("/x").header("authorization", "Bearer a").header("authorization", "Bearer a"), ""),
        ] {
            assert_eq!(token(request, body).await, Err(ErrorCode::InvalidRequest));
        }
        let put = token(Request::put("/x"), "").await;
        assert_eq!(put, Err(ErrorCode::MethodNotAllowed { allow: "GET, POST" }));
    }

    #[test]
    fn the_profile_is_told_for_its_scope_only() {
        let user = User { id: "u".to_owned(), name: "jane".to_owned(), enabled: true, created_at: 0, updated_at: 7 };
        let told = |scopes: &[&str]| {
            let scopes: Vec<_> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            Value::Object(described(&user, &scopes))
        };
        assert_eq!(told(&["openid"]), serde_json::json!({ "sub": "u" }));
        let profile = serde_json::json!({ "sub": "u", "preferred_username": "jane", "updated_at": 7 });
        assert_eq!(told(&["openid", "profile"]), profile);
    }
}
