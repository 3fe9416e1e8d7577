//! `/oauth2/logout`: a page that asks, and the post that ends the session of this browser.
//!
//! A client that sent the browser here may have it sent back; where to is sealed into the form.

use axum::extract::{Request, State};
use axum::response::Response;

use super::page;
use super::pages::Pages;
use super::problem::Problem;
use super::see_other::see_other;
use super::visit::Visit;
use crate::http::authorize::cookie::Browser;
use dropins_protocol::Form;

pub(super) async fn get(State(pages): State<Pages>, request: Request) -> Response {
    let visit = Visit::new(pages, &request.into_parts().0);
    match visit.session().await {
        Ok(session) => page::sign_out(&visit, session.as_ref(), None),
        Err(problem) => visit.end(problem),
    }
}

pub(super) async fn post(State(pages): State<Pages>, request: Request) -> Response {
    let answer = async |visit: &Visit, form: Form| {
        let back = visit.unseal_return(&form).await?;
        leave(visit, back.as_deref()).await
    };
    Visit::of_post(pages, request, answer).await
}

/// Ends the session of this browser, and sends it back to the client or shows a page.
pub(super) async fn leave(visit: &Visit, back: Option<&str>) -> Result<Response, Problem> {
    if let Some(browser) = &visit.browser {
        visit.pages.services.sessions.end(&browser.hash()).await?;
    }
    let response = match back {
        Some(url) => see_other(url),
        None => page::sign_out(visit, None, None),
    };
    Ok(match Browser::new() {
        Ok(fresh) => visit.with_cookie(response, &fresh),
        Err(_) => response,
    })
}
