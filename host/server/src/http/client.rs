//! Client authentication, the same at every endpoint that asks for it.
//!
//! The live plug-ins decide, and every decision leaves one audit event. A client that is registered with the method
//! `none` has nothing to prove: where the endpoint takes such clients, and no credential of any kind came with the
//! request, its `client_id` names it. Everything else that no plug-in vouches for is refused.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::Request;
use axum::http::header;
use axum::response::Response;
use dropins_host::services::Unavailable;
use dropins_host::{Client, Verdict};

use super::attempt::Attempt;
use super::client_address;
use super::error::{ErrorKind, OAuthError};
use super::post::FormPost;
use crate::app::App;
use crate::audit;
use crate::clients::{NONE, RegisteredClient};
use crate::database::StoreError;
use crate::grants::Refusal;
use crate::live::Live;
use crate::reference::reference;
use crate::tokens::AccessToken;

/// What a client could prove itself with; a request with any of these is not one of a client without a credential.
const CREDENTIALS: [&str; 3] = ["client_assertion", "client_assertion_type", "client_secret"];

/// A client that a request comes from.
pub(crate) struct Authenticated {
    client: Arc<RegisteredClient>,
    key: Option<String>,
    public: bool,
}

impl Authenticated {
    /// Its id.
    pub(crate) fn id(&self) -> &str {
        &self.client.registration.id
    }

    /// The registration.
    pub(crate) fn registered(&self) -> &RegisteredClient {
        &self.client
    }

    /// SHA-256 thumbprint of the JWK that authenticated it (RFC 7638); none for a secret.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Whether it proved who it is; a public client cannot.
    pub(crate) fn is_authenticated(&self) -> bool {
        !self.public
    }

    /// Whether it registered the grant, and has the credential that the grant needs.
    pub(crate) fn may_use(&self, grant: &str) -> bool {
        let registered = self.client.grant_types.iter().any(|allowed| allowed == grant);
        registered && (!self.public || crate::grants::PUBLIC.contains(&grant))
    }
}

/// Whether an endpoint takes clients without a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Public {
    /// It does.
    Accepted,
    /// It does not.
    Refused,
}

/// One request of a client, from its beginning to its answer.
pub(super) struct Exchange {
    pub(super) app: Arc<App>,
    pub(super) live: Arc<Live>,
    pub(super) reference: String,
    /// Where the request comes from.
    address: Option<IpAddr>,
    challenge: bool,
    attempt: Mutex<Attempt>,
}

impl Exchange {
    /// Answers a request to an endpoint that authenticates clients.
    pub(super) async fn answer(
        app: Arc<App>,
        request: Request,
        handle: impl AsyncFnOnce(&Self, Request) -> Result<Response, OAuthError>,
    ) -> Response {
        let exchange = Self::begin(app, &request);
        let done = handle(&exchange, request).await;
        exchange.end(done)
    }

    /// Takes the configuration that the request is judged by.
    fn begin(app: Arc<App>, request: &Request) -> Self {
        let challenge = request.headers().contains_key(header::AUTHORIZATION);
        let live = app.live();
        let proxies = &live.deployment.transport.trusted_proxies;
        let address = client_address::of(request.extensions(), request.headers(), proxies);
        Self { live, app, reference: reference(), address, challenge, attempt: Mutex::default() }
    }

    /// Ends the exchange; an error is counted, and the replay store learns of an answer that holds no token.
    fn end(self, done: Result<Response, OAuthError>) -> Response {
        let response = done.unwrap_or_else(|error| {
            self.app.metrics.answered(error.kind);
            error.respond(&self.reference, self.challenge)
        });
        let attempt = self.attempt.into_inner().unwrap_or_else(PoisonError::into_inner);
        attempt.answered(response.status(), &*self.app.replay);
        response
    }

    /// Reads the request; one that is malformed is written down.
    pub(super) async fn read(&self, request: Request) -> Result<FormPost, OAuthError> {
        FormPost::read(request).await.map_err(|error| self.malformed(error))
    }

    /// Writes down that the request was refused before any plug-in saw it.
    pub(super) fn malformed(&self, error: OAuthError) -> OAuthError {
        audit::malformed(&self.reference, self.address, &error);
        error
    }

    /// The answer to what an authenticated client is refused; the reason is written down.
    pub(super) fn refused(&self, client: &Authenticated, what: &str, refusal: Refusal) -> OAuthError {
        audit::refused_grant(&self.reference, client.id(), what, &refusal);
        if self.live.deployment.oauth.detailed_errors && refusal.error.kind == ErrorKind::InvalidGrant {
            return OAuthError::new(refusal.error.kind, refusal.reason);
        }
        refusal.error
    }

    /// Has the live plug-ins authenticate the client; `endpoint` is the public URL that was called.
    pub(super) async fn authenticate(
        &self,
        post: &FormPost,
        endpoint: &str,
        public: Public,
    ) -> Result<Authenticated, OAuthError> {
        let (app, live, reference) = (&*self.app, &*self.live, self.reference.as_str());
        let request = dropins_host::Request {
            endpoint: endpoint.to_owned(),
            issuer: live.endpoints.issuer.clone(),
            token_endpoint: live.endpoints.token.clone(),
            form: post.form.fields().to_vec(),
            headers: post.headers.clone(),
            reference: reference.to_owned(),
        };
        let mut decision = live.generation.authenticate(&request).await;
        self.attempt.lock().unwrap_or_else(PoisonError::into_inner).note(&mut decision);
        if decision.verdict == Verdict::NoMethod && public == Public::Accepted {
            match self.public_client(post).await {
                Ok(Some(client)) => decision.verdict = Verdict::Authenticated(client),
                Ok(None) => {}
                Err(down) => decision.verdict = Verdict::Unavailable(down.to_string()),
            }
        }
        app.metrics.decided(&decision);
        audit::decision(reference, endpoint, self.address, &decision);
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
            tracing::warn!(
                reference,
                client = client.id,
                "an authenticated client is refused: it is not registered now"
            );
            OAuthError::invalid_client()
        })?;
        if let Some(key) = &decision.evidence.key {
            app.ledger.used(&client.id, key);
        }
        let key = decision.evidence.key.as_ref().map(|key| key.thumbprint.clone());
        Ok(Authenticated { client: registered, key, public: decision.plugin.is_none() })
    }

    /// The access token with this text, signed or opaque; one that is over may be among them.
    pub(super) async fn access_token(&self, text: &str) -> Result<Option<AccessToken>, StoreError> {
        match AccessToken::read(text, &self.app.keys.ring(), &self.live.endpoints.issuer) {
            Some(signed) => Ok(Some(signed)),
            None => self.app.grants.find_opaque(text).await,
        }
    }

    /// The client without a credential that the request names.
    async fn public_client(&self, post: &FormPost) -> Result<Option<Client>, Unavailable> {
        let proves = CREDENTIALS.iter().any(|name| post.form.get(name).is_some());
        let Some(id) = post.form.get("client_id").filter(|_| !proves && !self.challenge) else { return Ok(None) };
        let found = self.live.clients.find(id).await?.filter(|client| client.is_public());
        Ok(found.map(|_| Client { id: id.to_owned(), method: NONE.to_owned(), attributes: Vec::new() }))
    }
}
