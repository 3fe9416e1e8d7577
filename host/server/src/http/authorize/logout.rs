//! `/oauth2/logout`: a page that asks, and the post that ends the session of this browser.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use super::page;
use super::visit::Visit;
use crate::app::App;
use crate::sessions::Browser;

pub(super) async fn get(State(app): State<Arc<App>>, request: Request) -> Response {
    let visit = Visit::new(app, &request.into_parts().0);
    match visit.session().await {
        Ok(session) => page::sign_out(&visit, session.as_ref()),
        Err(problem) => problem.respond(&visit),
    }
}

pub(super) async fn post(State(app): State<Arc<App>>, request: Request) -> Response {
    let answer = async |visit: &Visit, _form| {
        if let Some(browser) = &visit.browser {
            visit.app.sessions.end(browser).await?;
        }
        let response = page::sign_out(visit, None);
        Ok(match Browser::new() {
            Ok(nobody) => visit.with_cookie(response, &nobody),
            Err(_) => response,
        })
    };
    Visit::of_post(app, request, answer).await
}
