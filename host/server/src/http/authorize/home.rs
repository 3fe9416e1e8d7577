//! The page for people who come without a request of a client.

use axum::extract::{Request, State};
use axum::response::Response;

use super::page;
use super::pages::Pages;
use super::visit::Visit;

pub(super) async fn get(State(pages): State<Pages>, request: Request) -> Response {
    let visit = Visit::new(pages, &request.into_parts().0);
    match visit.session().await {
        Ok(session) => page::home(&visit, session.as_ref()),
        Err(problem) => visit.end(problem),
    }
}
