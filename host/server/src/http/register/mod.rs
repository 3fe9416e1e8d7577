//! `/oauth2/register`: dynamic client registration (RFC 7591) and management (RFC 7592).
//!
//! A registration needs the initial access token, unless the operator opens the endpoint. A registered client manages
//! itself with its own token, which is kept as a hash, like its secret.

mod access;
mod answer;
mod failure;
mod metadata;
#[cfg(test)]
mod tests;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use self::answer::Issued;
use self::failure::{Failure, refuse};
use crate::app::RegistrationServices;
use crate::http::answer::respond as answer_error;
use crate::http::rate_limit;
use dropins_config::Deployment;
use dropins_keys::keystore::CertificateStores;
use dropins_live::Live;
use dropins_oauth::clients::{self, Grantor, Metadata, Offers};
use dropins_protocol::Secret;
use dropins_protocol::reference;
use dropins_protocol::{ErrorCode, OAuthError};
use dropins_protocol::{TokenHash, random, secret_hash};
use dropins_store::clients::{ClientError, ClientRecord};
use dropins_telemetry::audit;

/// The registration endpoint (RFC 7591 section 3).
pub(super) async fn register(State(services): State<RegistrationServices>, request: Request) -> Response {
    respond(&services, None, request).await
}

/// The configuration endpoint of one client (RFC 7592 section 2).
pub(super) async fn manage(
    State(services): State<RegistrationServices>,
    Path(client_id): Path<String>,
    request: Request,
) -> Response {
    respond(&services, Some(client_id), request).await
}

async fn respond(services: &RegistrationServices, client_id: Option<String>, request: Request) -> Response {
    if let Some(refused) = rate_limit::refused(&services.authentication, &request) {
        return refused;
    }
    let (live, reference) = (services.authentication.published.current(), reference());
    if !live.deployment.oauth.registration.enabled {
        return StatusCode::NOT_FOUND.into_response();
    }
    let challenge = request.headers().contains_key(header::AUTHORIZATION);
    let exchange = Exchange { services, live: &live };
    let (action, done) = match (&client_id, request.method()) {
        (None, &Method::POST) => ("register", exchange.create(request).await),
        (None, _) => ("none", Err(not_allowed("POST").into())),
        (Some(client_id), &Method::GET) => ("read", exchange.show(client_id, request).await),
        (Some(client_id), &Method::PUT) => ("update", exchange.replace(client_id, request).await),
        (Some(client_id), &Method::DELETE) => ("remove", exchange.remove(client_id, request).await),
        (Some(_), _) => ("none", Err(not_allowed("GET, PUT, DELETE").into())),
    };
    match done {
        Ok(Done { client_id, response }) => {
            audit::registration(&reference, action, &client_id);
            response
        }
        Err(Failure(error)) => {
            services.authentication.metrics.answered(error.code);
            let (now, client) = (services.authentication.clock.now_seconds(), client_id.as_deref());
            audit::refused_registration(&reference, action, client, &error);
            services.authentication.decisions.rejected(now, &reference, None, "registration-refused", client, &error);
            answer_error(&error, &reference, challenge)
        }
    }
}

fn not_allowed(allow: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::MethodNotAllowed { allow }, format!("This endpoint takes {allow} requests only"))
}

/// An exchange that ended well.
struct Done {
    client_id: String,
    response: Response,
}

/// One request with what it is judged by.
struct Exchange<'a> {
    services: &'a RegistrationServices,
    live: &'a Live,
}

impl Exchange<'_> {
    async fn create(&self, request: Request<Body>) -> Result<Done, Failure> {
        let (parts, body) = request.into_parts();
        let grantor = access::initial(&self.live.deployment.oauth.registration, &parts.headers)?;
        let metadata = metadata::read(&parts.headers, body).await?;
        let token = random::new_registration_token()?;
        let mut record = ClientRecord {
            client_id: random::new_client_id()?,
            enabled: true,
            registration_token: Some(TokenHash::of(token.expose())),
            ..ClientRecord::default()
        };
        let secret = self.apply(metadata, &mut record, grantor).await?;
        let record = self.services.stored.insert(record).await?;
        Ok(self.answer(StatusCode::CREATED, &record, &Issued { token, secret }))
    }

    async fn show(&self, client_id: &str, request: Request<Body>) -> Result<Done, Failure> {
        let (record, token) = access::own(&self.services.stored, client_id, request.headers()).await?;
        Ok(self.answer(StatusCode::OK, &record, &Issued { token, secret: None }))
    }

    async fn replace(&self, client_id: &str, request: Request<Body>) -> Result<Done, Failure> {
        let (parts, body) = request.into_parts();
        let (mut record, token) = access::own(&self.services.stored, client_id, &parts.headers).await?;
        let metadata = metadata::read(&parts.headers, body).await?;
        metadata::check_update(&metadata, &record).await?;
        let secret = self.apply(metadata, &mut record, Grantor::Client).await?;
        let record = self.services.stored.update(record).await?;
        Ok(self.answer(StatusCode::OK, &record, &Issued { token, secret }))
    }

    async fn remove(&self, client_id: &str, request: Request<Body>) -> Result<Done, Failure> {
        access::own(&self.services.stored, client_id, request.headers()).await?;
        let stays = self.live.clients.declared().any(|client| client.registration.id == client_id);
        self.services.stored.remove(client_id, stays).await.map_err(ClientError::from)?;
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
    ) -> Result<Option<Secret>, Failure> {
        let Deployment { oauth, trusted_issuers, .. } = &self.live.deployment;
        let jwks = oauth.jwks_endpoint.fetch_settings();
        let offers = Offers::new(self.live.generation.methods(), self.live.generation.algorithms());
        refuse(metadata.apply(record, &offers, grantor))?;
        let by_secret = record.auth_method.as_deref().is_some_and(|method| method.starts_with("client_secret_"));
        let secret = match (by_secret, &record.secret) {
            (true, None) => Some(random::new_client_secret()?),
            _ => None,
        };
        if let Some(secret) = &secret {
            record.secret = Some(secret_hash::create(secret.clone()).await?);
        } else if !by_secret {
            record.secret = None;
        }
        let now = self.services.authentication.clock.now_seconds();
        refuse(clients::lint(record, &jwks, trusted_issuers, &CertificateStores::default(), now).faults)?;
        Ok(secret)
    }

    fn answer(&self, status: StatusCode, record: &ClientRecord, issued: &Issued) -> Done {
        let document = answer::document(record, issued, &self.live.deployment);
        Done { client_id: record.client_id.clone(), response: crate::json::json(status, &document) }
    }
}
