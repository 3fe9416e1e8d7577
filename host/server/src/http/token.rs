//! `POST /oauth2/token` (RFC 6749 section 3.2).
//!
//! The request is read strictly, the client is authenticated by the live plug-ins, and only then is anything
//! about its grant looked at. An assertion is used up even if the grant is then refused.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::client::{Exchange, Public};
use super::error::{ErrorKind, OAuthError};
use crate::app::App;
use crate::grants::{self, Asking};

pub(super) async fn endpoint(State(app): State<Arc<App>>, request: Request) -> Response {
    Exchange::answer(app, request, handle).await
}

async fn handle(exchange: &Exchange, request: Request) -> Result<Response, OAuthError> {
    let (app, live) = (&*exchange.app, &*exchange.live);
    let post = exchange.read(request).await?;
    let grant = post.required("grant_type").map_err(|error| exchange.malformed(error))?;
    if !grants::is_supported(grant) {
        let error = OAuthError::new(ErrorKind::UnsupportedGrantType, "The grant type is not supported");
        return Err(exchange.malformed(error));
    }
    let public = if grants::PUBLIC.contains(&grant) { Public::Accepted } else { Public::Refused };
    let client = exchange.authenticate(&post, &live.endpoints.token, public).await?;
    let asking = Asking { app, live, client: &client, form: &post.form };
    match grants::answer(grant, asking).await {
        Ok(answer) => {
            app.metrics.issued(grant);
            Ok(super::json(StatusCode::OK, &answer))
        }
        Err(refusal) => Err(exchange.refused(&client, grant, refusal)),
    }
}
