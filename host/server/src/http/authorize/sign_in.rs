//! What the sign-in page posts: a name and a password.
//!
//! Every rejection has the same text; the page stays, with the name and without the password.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::cookie::Browser;
use super::device::Device;
use super::page;
use super::pages::Pages;
use super::problem::Problem;
use super::tickets::Ticket;
use super::visit::Visit;
use dropins_protocol::Form;
use dropins_store::users::SignIn;
use dropins_telemetry::audit::{self, SignInAttempt};

const WRONG: &str = "The username or the password is not right.";

pub(super) async fn endpoint(State(pages): State<Pages>, request: Request) -> Response {
    Visit::of_post(pages, request, answer).await
}

async fn answer(visit: &Visit, form: Form) -> Result<Response, Problem> {
    let ticket = visit.ticket(&form).await?;
    let client = visit.client_of(&ticket).await?;
    let client_id = ticket.request.client_id.as_str();
    let name = form.get("username").unwrap_or_default();
    let password = form.get("password").unwrap_or_default();
    let again = async |status, message: &str| page::sign_in_again(visit, &client, &ticket, name, status, message).await;
    let device = visit.device(name).await?;
    let known = device.as_ref().map(|device| device.id.as_str());
    let attempt = visit.pages.services.users.sign_in(name, password, visit.address, known).await?;
    visit.pages.services.metrics.signed_in(&attempt);
    let outcome = attempt.as_str();
    let written = |reason, user| {
        let attempt = SignInAttempt { client: client_id, address: visit.address, outcome, reason, user };
        audit::sign_in(&visit.reference, &attempt);
    };
    match attempt {
        SignIn::Welcome(user) => {
            let browser = Browser::new().map_err(Problem::internal)?;
            let before = visit.browser.as_ref().map(Browser::hash);
            if !visit.pages.services.sessions.begin(before.as_ref(), &browser.hash(), &user).await? {
                // The password was changed, or the user locked out, while it was being checked.
                written(Some("changed-meanwhile"), None);
                return again(StatusCode::FORBIDDEN, WRONG).await;
            }
            written(None, Some(&user.id));
            let device = device.map_or_else(|| Device::new(name), Ok).map_err(Problem::internal)?;
            let response = visit.go_on(&Ticket { signed_in: true, ..ticket }, &browser).await?;
            visit.with_device(response, &device).await
        }
        SignIn::Refused(refusal) => {
            // A name that is no user's may be a password in the wrong field: it is never written down.
            written(Some(refusal.as_str()), None);
            again(StatusCode::FORBIDDEN, WRONG).await
        }
        SignIn::TooOften(wait) => {
            written(None, None);
            let seconds = wait.seconds;
            let unit = if seconds == 1 { "second" } else { "seconds" };
            let message = format!("There were too many attempts. Wait {seconds} {unit}, then try again.");
            let mut response = again(StatusCode::TOO_MANY_REQUESTS, &message).await?;
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            Ok(response)
        }
    }
}
