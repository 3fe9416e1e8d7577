//! What the sign-in page posts: a name and a password.
//!
//! Whoever is refused is told the same, whatever the reason; the page stays, with the name and without the password.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::page;
use super::problem::Problem;
use super::visit::Visit;
use crate::app::App;
use crate::audit;
use crate::http::Form;
use crate::sessions::Ticket;
use crate::users::SignIn;

const WRONG: &str = "The username or the password is not right.";

pub(super) async fn endpoint(State(app): State<Arc<App>>, request: Request) -> Response {
    Visit::of_post(app, request, answer).await
}

async fn answer(visit: &Visit, form: Form) -> Result<Response, Problem> {
    let ticket = visit.ticket(&form).await?;
    let client = visit.client_of(&ticket).await?;
    let client_id = ticket.request.client_id.as_str();
    let name = form.get("username").unwrap_or_default();
    let password = form.get("password").unwrap_or_default();
    let again = async |status, message: &str| page::sign_in_again(visit, &client, &ticket, name, status, message).await;
    let attempt = visit.app.users.sign_in(name, password, visit.address).await?;
    visit.app.metrics.signed_in(&attempt);
    let result = attempt.as_str();
    let written = |user| audit::sign_in(&visit.reference, client_id, result, visit.address, user);
    match attempt {
        SignIn::Welcome(user) => {
            let Some(browser) = visit.app.sessions.begin(visit.browser.as_ref(), &user).await? else {
                // The password was changed, or the user locked out, while it was being checked.
                written(None);
                return again(StatusCode::FORBIDDEN, WRONG).await;
            };
            written(Some(&user.id));
            visit.go_on(&Ticket { signed_in: true, ..ticket }, &browser).await
        }
        SignIn::Refused => {
            // A name that is no user's may be a password in the wrong field: it is never written down.
            written(None);
            again(StatusCode::FORBIDDEN, WRONG).await
        }
        SignIn::TooOften(wait) => {
            written(None);
            let seconds = wait.seconds;
            let unit = if seconds == 1 { "second" } else { "seconds" };
            let message = format!("There were too many attempts. Wait {seconds} {unit}, then try again.");
            let mut response = again(StatusCode::TOO_MANY_REQUESTS, &message).await?;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            Ok(response)
        }
    }
}
