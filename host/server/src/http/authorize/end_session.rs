//! `/oidc/logout`: a client asks to end the session of the browser that it sends here (OpenID Connect RP-Initiated Logout
//! 1.0).
//!
//! An id token of the user who is signed in proves that the client knows the session, and ends it at once. Without one the
//! page asks, so that no other site can sign a user out. The browser is sent back to a URI that the client has registered,
//! compared exactly, and nowhere else.

use axum::extract::{Request, State};
use axum::response::Response;

use super::as_query;
use super::logout::leave;
use super::page::{self, SendBack};
use super::pages::Pages;
use super::problem::Problem;
use super::see_other::see_other;
use super::visit::Visit;
use dropins_config::endpoints;
use dropins_oauth::tokens::{IdTokenHint, read_id_token_hint};
use dropins_protocol::Form;

pub(super) async fn get(State(pages): State<Pages>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let visit = Visit::new(pages, &head);
    let answered = answer(&visit, head.uri.query().unwrap_or_default()).await;
    answered.unwrap_or_else(|problem| visit.end(problem))
}

pub(super) async fn post(State(pages): State<Pages>, request: Request) -> Response {
    let (head, content) = request.into_parts();
    let visit = Visit::new(pages, &head);
    match as_query::read(&head.headers, content).await {
        Some(query) => see_other(&format!("{}{}?{query}", visit.frame().prefix, endpoints::END_SESSION)),
        None => visit.end(Problem::malformed("the request is not a form".to_owned())),
    }
}

async fn answer(visit: &Visit, query: &str) -> Result<Response, Problem> {
    let form = Form::parse(query.as_bytes()).map_err(|error| Problem::malformed(error.to_string()))?;
    let (ring, issuer) = (visit.pages.services.keys.ring(), &visit.live.endpoints.issuer);
    let hint = form.get("id_token_hint").and_then(|text| read_id_token_hint(text, &ring, issuer));
    let client_id = client_of(&form, hint.as_ref())?;
    let back = return_to(visit, &form, client_id).await?;
    let session = visit.session().await?;
    match (session, &hint) {
        (Some(session), Some(hint)) if session.user.id == hint.subject => leave(visit, back.as_deref()).await,
        // There is no session to be ended, and the client has proven that it knew one.
        (None, Some(_)) => leave(visit, back.as_deref()).await,
        (session, _) => {
            let sealed = visit.seal_return(back.as_deref()).await?;
            let send_back = back.as_deref().map(|url| SendBack { url, sealed });
            Ok(page::sign_out(visit, session.as_ref(), send_back))
        }
    }
}

/// The client that asks.
fn client_of<'f>(form: &'f Form, hint: Option<&'f IdTokenHint>) -> Result<Option<&'f str>, Problem> {
    match (form.get("client_id"), hint) {
        (Some(client_id), Some(hint)) if client_id != hint.client_id => {
            Err(Problem::shown("The client_id is not the one that the id_token_hint was issued to"))
        }
        (Some(client_id), _) => Ok(Some(client_id)),
        (None, hint) => Ok(hint.map(|hint| hint.client_id.as_str())),
    }
}

/// Where the browser is to be sent, with the client's `state`.
async fn return_to(visit: &Visit, form: &Form, client_id: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(uri) = form.get("post_logout_redirect_uri") else { return Ok(None) };
    let unnamed = || Problem::shown("The post_logout_redirect_uri needs a client_id or a valid id_token_hint");
    let client = visit.live.clients.find(client_id.ok_or_else(unnamed)?).await?;
    let is_registered = client.is_some_and(|client| client.post_logout_redirect_uris.iter().any(|known| known == uri));
    if !is_registered {
        return Err(Problem::shown("The post_logout_redirect_uri is not registered for the client"));
    }
    let Some(state) = form.get("state") else { return Ok(Some(uri.to_owned())) };
    let joint = if uri.contains('?') { '&' } else { '?' };
    let state = form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
    Ok(Some(format!("{uri}{joint}{state}")))
}
