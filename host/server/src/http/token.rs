//! `POST /oauth2/token` (RFC 6749 section 3.2).
//!
//! The request is read strictly, the client is authenticated by the live plug-ins, and only then is anything
//! about its grant looked at. An assertion is used up even if the grant is then refused.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::exchange::{Exchange, Public};
use crate::app::ClientServices;
use crate::json::json as json_answer;
use dropins_oauth::grants::{self, GrantServices, TokenRequest};
use dropins_protocol::names;
use dropins_protocol::{ErrorCode, OAuthError};

pub(super) async fn endpoint(State(services): State<Arc<ClientServices>>, request: Request) -> Response {
    Exchange::answer(services, request, handle).await
}

async fn handle(exchange: &mut Exchange, request: Request) -> Result<Response, OAuthError> {
    let post = exchange.read(request).await?;
    let grant = post.required("grant_type").map_err(|error| exchange.malformed(error))?;
    if !names::GRANTS.contains(&grant) {
        let error = OAuthError::new(ErrorCode::UnsupportedGrantType, "The grant type is not supported");
        return Err(exchange.malformed(error));
    }
    let public = if names::PUBLIC_GRANTS.contains(&grant) { Public::Accepted } else { Public::Refused };
    let endpoint = exchange.live.endpoints.token.clone();
    let client = exchange.authenticate(&post, &endpoint, public).await?;
    let services = GrantServices {
        grants: &exchange.services.grants,
        users: &exchange.services.users,
        clients: &exchange.live.clients,
        signer: exchange.services.signer(&exchange.live),
        policy: &exchange.live.deployment.oauth,
    };
    let request = TokenRequest { client: &client, form: &post.form, services: &services };
    match grants::answer(grant, request).await {
        Ok(answer) => {
            exchange.services.authentication.metrics.issued(grant);
            Ok(json_answer(StatusCode::OK, &answer))
        }
        Err(refusal) => Err(exchange.refused(&client, grant, refusal)),
    }
}
