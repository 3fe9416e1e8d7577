//! `/oauth2/logout`: a page that asks, and the post that ends the session of this browser.

use axum::extract::{Request, State};
use axum::response::Response;

use super::page;
use super::pages::Pages;
use super::visit::Visit;
use crate::http::authorize::cookie::Browser;

pub(super) async fn get(State(pages): State<Pages>, request: Request) -> Response {
    let visit = Visit::new(pages, &request.into_parts().0);
    match visit.session().await {
        Ok(session) => page::sign_out(&visit, session.as_ref()),
        Err(problem) => visit.end(problem),
    }
}

pub(super) async fn post(State(pages): State<Pages>, request: Request) -> Response {
    let answer = async |visit: &Visit, _form| {
        if let Some(browser) = &visit.browser {
            visit.pages.services.sessions.end(&browser.hash()).await?;
        }
        let response = page::sign_out(visit, None);
        Ok(match Browser::new() {
            Ok(fresh) => visit.with_cookie(response, &fresh),
            Err(_) => response,
        })
    };
    Visit::of_post(pages, request, answer).await
}
