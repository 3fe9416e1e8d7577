//! What the consent page posts: allow, deny, or somebody else.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use super::problem::Problem;
use super::step;
use super::visit::Visit;
use crate::app::App;
use crate::authorization::ErrorCode;
use crate::http::Form;
use crate::sessions::{Browser, Ticket};

pub(super) async fn endpoint(State(app): State<Arc<App>>, request: Request) -> Response {
    Visit::of_post(app, request, answer).await
}

async fn answer(visit: &Visit, form: Form) -> Result<Response, Problem> {
    let ticket = visit.ticket(&form).await?;
    visit.client_of(&ticket).await?;
    let now = visit.app.clock.now_seconds();
    let session = visit.session().await?.filter(|session| !step::must_sign_in(&ticket, session, now));
    let Some(session) = session else {
        // The session ended while the page was open.
        return step::proceed(visit, ticket).await;
    };
    match form.get("decision") {
        Some("allow") => {
            let request = ticket.request;
            visit.app.users.allow(&session.user.id, &request.client_id, &request.scope).await?;
            step::give_code(visit, request, &session).await
        }
        Some("deny") => Err(Problem::refused(&ticket.request, ErrorCode::AccessDenied, "The person said no")),
        Some("switch") => {
            if let Some(browser) = &visit.browser {
                visit.app.sessions.end(browser).await?;
            }
            let browser = Browser::new().map_err(Problem::internal)?;
            visit.go_on(&Ticket { signed_in: false, ..ticket }, &browser).await
        }
        _ => Err(Problem::malformed("the decision is none of allow, deny, switch".to_owned())),
    }
}
