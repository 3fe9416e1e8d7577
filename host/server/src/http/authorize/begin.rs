//! The authorization endpoint itself: where clients send browsers.
//!
//! A pushed request is consumed by its first visit and goes on as a ticket, so that the page can be reloaded. A request
//! by POST goes on by GET: browsers send the session's cookie from other sites with GET only.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use super::as_query;
use super::cookie::Browser;
use super::pages::Pages;
use super::problem::Problem;
use super::see_other::see_other;
use super::step;
use super::tickets::Ticket;
use super::visit::Visit;
use dropins_config::endpoints;
use dropins_oauth::authorization::{AuthorizationRequest, RequestError};
use dropins_protocol::ErrorCode;
use dropins_protocol::Form;
use dropins_protocol::names::REQUEST_URI_PREFIX;

pub(super) async fn get(State(pages): State<Pages>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    let visit = Visit::new(pages, &head);
    let answered = answer(&visit, head.uri.query().unwrap_or_default()).await;
    answered.unwrap_or_else(|problem| visit.end(problem))
}

async fn answer(visit: &Visit, query: &str) -> Result<Response, Problem> {
    let form = Form::parse(query.as_bytes()).map_err(|error| Problem::malformed(error.to_string()))?;
    if form.get("ticket").is_some() {
        return step::proceed(visit, visit.ticket(&form).await?).await;
    }
    let client_id = form.get("client_id").ok_or_else(|| Problem::shown("The parameter client_id is missing"))?;
    let client = visit.client(client_id).await?;
    if let Some(request_uri) = form.get("request_uri").filter(|uri| uri.starts_with(REQUEST_URI_PREFIX)) {
        let pushed = visit.pages.services.pushed.take(request_uri, client_id).await?;
        let used = "The request has expired or was used already; go back to the application and begin anew";
        let request = pushed.ok_or_else(|| Problem::shown(used))?;
        let request = serde_json::from_str(&request).map_err(Problem::internal)?;
        let browser = match &visit.browser {
            Some(browser) => browser.clone(),
            None => Browser::new().map_err(Problem::internal)?,
        };
        return visit.go_on(&Ticket { request, signed_in: false }, &browser).await;
    }
    let request = AuthorizationRequest::read(&form, &client).map_err(|error| match error.return_to {
        Some(_) => Problem::Refused { client_id: Some(client_id.to_owned()), error },
        None => {
            let received = form.get("redirect_uri").map(str::to_owned);
            Problem::RedirectUri { client: Arc::clone(&client), received, error }
        }
    })?;
    step::proceed(visit, Ticket { request, signed_in: false }).await
}

pub(super) async fn post(State(pages): State<Pages>, request: Request) -> Response {
    let (head, content) = request.into_parts();
    let visit = Visit::new(pages, &head);
    match as_query::read(&head.headers, content).await {
        Some(query) => see_other(&format!("{}{}?{query}", visit.frame().prefix, endpoints::AUTHORIZE)),
        None => {
            let error = RequestError::shown(ErrorCode::InvalidRequest, "The request is not a form");
            visit.end(Problem::Refused { client_id: None, error })
        }
    }
}
