//! What the consent page posts: allow, deny, or another user.

use axum::extract::{Request, State};
use axum::response::Response;

use super::cookie::Browser;
use super::pages::Pages;
use super::problem::Problem;
use super::step;
use super::tickets::Ticket;
use super::visit::Visit;
use dropins_protocol::ErrorCode;
use dropins_protocol::Form;

pub(super) async fn endpoint(State(pages): State<Pages>, request: Request) -> Response {
    Visit::of_post(pages, request, answer).await
}

async fn answer(visit: &Visit, form: Form) -> Result<Response, Problem> {
    let ticket = visit.ticket(&form).await?;
    visit.client_of(&ticket).await?;
    let now = visit.pages.services.clock.now_seconds();
    let session = visit.session().await?.filter(|session| !step::must_sign_in(&ticket, session, now));
    let Some(session) = session else {
        // The session ended while the page was open.
        return step::proceed(visit, ticket).await;
    };
    match form.get("decision") {
        Some("allow") => {
            let request = ticket.request;
            visit.pages.services.users.allow(&session.user.id, &request.client_id, &request.scope).await?;
            step::give_code(visit, request, &session).await
        }
        Some("deny") => Err(Problem::refused(&ticket.request, ErrorCode::AccessDenied, "The person said no")),
        Some("switch") => {
            if let Some(browser) = &visit.browser {
                visit.pages.services.sessions.end(&browser.hash()).await?;
            }
            let browser = Browser::new().map_err(Problem::internal)?;
            visit.go_on(&Ticket { signed_in: false, ..ticket }, &browser).await
        }
        _ => Err(Problem::malformed("the decision is none of allow, deny, switch".to_owned())),
    }
}
