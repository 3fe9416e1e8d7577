//! `/oauth2/register`: dynamic client registration (RFC 7591) and management (RFC 7592).
//!
//! Nobody registers a client without the initial access token, unless the operator opens the endpoint. A registered
//! client manages itself with the token that it was given, which is kept as a hash, like its secret.

mod access;
mod answer;
mod metadata;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use self::access::Grantor;
use self::answer::Issued;
use self::metadata::{Metadata, Offers};
use super::error::{ErrorKind, OAuthError};
use crate::app::App;
use crate::clients::{self, Fault, NoRandomness};
use crate::config::Secret;
use crate::identity::{ClientError, ClientRecord, TokenHash};
use crate::live::Live;
use crate::reference::reference;
use crate::{audit, secret_hash};

/// The registration endpoint (RFC 7591 section 3).
pub(super) async fn register(State(app): State<Arc<App>>, request: Request) -> Response {
    respond(&app, None, request).await
}

/// The configuration endpoint of one client (RFC 7592 section 2).
pub(super) async fn manage(State(app): State<Arc<App>>, Path(client_id): Path<String>, request: Request) -> Response {
    respond(&app, Some(client_id), request).await
}

async fn respond(app: &App, client_id: Option<String>, request: Request) -> Response {
    let (live, reference) = (app.live(), reference());
    if !live.deployment.oauth.registration.enabled {
        return StatusCode::NOT_FOUND.into_response();
    }
    let challenge = request.headers().contains_key(header::AUTHORIZATION);
    let exchange = Exchange { app, live: &live };
    let (action, done) = match (&client_id, request.method()) {
        (None, &Method::POST) => ("register", exchange.create(request).await),
        (None, _) => ("none", Err(not_allowed("POST"))),
        (Some(client_id), &Method::GET) => ("read", exchange.show(client_id, request).await),
        (Some(client_id), &Method::PUT) => ("update", exchange.replace(client_id, request).await),
        (Some(client_id), &Method::DELETE) => ("remove", exchange.remove(client_id, request).await),
        (Some(_), _) => ("none", Err(not_allowed("GET, PUT, DELETE"))),
    };
    match done {
        Ok(Done { client_id, response }) => {
            audit::registration(&reference, action, &client_id);
            response
        }
        Err(error) => {
            app.metrics.answered(error.kind);
            audit::refused_registration(&reference, action, client_id.as_deref(), &error);
            error.respond(&reference, challenge)
        }
    }
}

fn not_allowed(allow: &'static str) -> OAuthError {
    OAuthError::new(ErrorKind::MethodNotAllowed { allow }, format!("This endpoint takes {allow} requests only"))
}

/// An exchange that ended well.
struct Done {
    client_id: String,
    response: Response,
}

/// One request with what it is judged by.
struct Exchange<'a> {
    app: &'a App,
    live: &'a Live,
}

impl Exchange<'_> {
    async fn create(&self, request: Request<Body>) -> Result<Done, OAuthError> {
        let (parts, body) = request.into_parts();
        let grantor = access::initial(&self.live.deployment.oauth.registration, &parts.headers)?;
        let metadata = Metadata::read(&parts.headers, body).await?;
        let token = clients::registration_token()?;
        let mut record = ClientRecord {
            client_id: clients::client_id()?,
            enabled: true,
            registration_token: Some(TokenHash::of(token.expose())),
            ..ClientRecord::default()
        };
        let secret = self.apply(metadata, &mut record, grantor).await?;
        let record = self.app.stored.insert(record).await?;
        Ok(self.answer(StatusCode::CREATED, &record, &Issued { token, secret }))
    }

    async fn show(&self, client_id: &str, request: Request<Body>) -> Result<Done, OAuthError> {
        let (record, token) = access::own(&self.app.stored, client_id, request.headers()).await?;
        Ok(self.answer(StatusCode::OK, &record, &Issued { token, secret: None }))
    }

    async fn replace(&self, client_id: &str, request: Request<Body>) -> Result<Done, OAuthError> {
        let (parts, body) = request.into_parts();
        let (mut record, token) = access::own(&self.app.stored, client_id, &parts.headers).await?;
        let metadata = Metadata::read(&parts.headers, body).await?;
        metadata.is_update_of(&record).await?;
        let secret = self.apply(metadata, &mut record, Grantor::Client).await?;
        let record = self.app.stored.update(record).await?;
        Ok(self.answer(StatusCode::OK, &record, &Issued { token, secret }))
    }

    async fn remove(&self, client_id: &str, request: Request<Body>) -> Result<Done, OAuthError> {
        access::own(&self.app.stored, client_id, request.headers()).await?;
        let stays = self.live.clients.declared().any(|client| client.registration.id == client_id);
        self.app.stored.remove(client_id, stays).await.map_err(ClientError::from)?;
        let mut response = StatusCode::NO_CONTENT.into_response();
        response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        Ok(Done { client_id: client_id.to_owned(), response })
    }

    /// Puts the metadata into the record, or refuses all of it; returns the secret, when the client is given one.
    async fn apply(
        &self,
        metadata: Metadata,
        record: &mut ClientRecord,
        grantor: Grantor,
    ) -> Result<Option<Secret>, OAuthError> {
        let jwks = self.live.deployment.oauth.jwks_endpoint.fetch_settings();
        refuse(metadata.apply(record, &Offers::of(self.live), grantor))?;
        let by_secret = record.auth_method.as_deref().is_some_and(|method| method.starts_with("client_secret_"));
        let secret = match (by_secret, &record.secret) {
            (true, None) => Some(clients::client_secret()?),
            _ => None,
        };
        if let Some(secret) = &secret {
            record.secret = Some(secret_hash::create(secret.clone()).await?);
        } else if !by_secret {
            record.secret = None;
        }
        refuse(clients::lint(record, &jwks, self.app.clock.now_seconds()).faults)?;
        Ok(secret)
    }

    fn answer(&self, status: StatusCode, record: &ClientRecord, issued: &Issued) -> Done {
        let document = answer::document(record, issued, &self.live.deployment);
        Done { client_id: record.client_id.clone(), response: super::json(status, &document) }
    }
}

/// All faults in one answer, under the code of the first one (RFC 7591 section 3.2.2).
fn refuse(faults: Vec<Fault>) -> Result<(), OAuthError> {
    /// More than anybody fixes at once; the answer stays short.
    const MAX_FAULTS: usize = 5;
    let Some(first) = faults.first() else { return Ok(()) };
    let kind = match first.field {
        "redirect_uris" => ErrorKind::InvalidRedirectUri,
        "software_statement" => ErrorKind::InvalidSoftwareStatement,
        _ => ErrorKind::InvalidClientMetadata,
    };
    let texts: Vec<_> = faults.iter().take(MAX_FAULTS).map(ToString::to_string).collect();
    Err(OAuthError::new(kind, texts.join("; ")))
}

impl From<ClientError> for OAuthError {
    fn from(error: ClientError) -> Self {
        tracing::error!(%error, "a client registration failed");
        Self::new(ErrorKind::TemporarilyUnavailable, "The server cannot register clients now; try again")
    }
}

impl From<dropins_host::services::Unavailable> for OAuthError {
    fn from(error: dropins_host::services::Unavailable) -> Self {
        tracing::error!(%error, "a client registration failed");
        Self::new(ErrorKind::TemporarilyUnavailable, "The server cannot register clients now; try again")
    }
}

impl From<NoRandomness> for OAuthError {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(%error, "a client registration failed");
        Self::new(ErrorKind::ServerError, "The server failed to register the client")
    }
}
