//! The pages, and the headers that keep them ours.
//!
//! Nothing inline, nothing from elsewhere, framed by nobody, stored by nobody. Forms post to this server only; where
//! the answer leads on to the client, browsers want its origin in the policy too.

use super::cookie::Browser;
use super::tickets::Ticket;
use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::assets::{LOGO, STYLE};
use super::problem::Problem;
use super::scope_words::{ScopeWords, in_words};
use super::visit::Visit;
use dropins_config::endpoints;
use dropins_oauth::authorization::form_target;
use dropins_oauth::clients::RegisteredClient;
use dropins_store::sessions::Session;

/// What all pages have in common.
pub(super) struct Frame {
    /// What stands before every path.
    pub(super) prefix: String,
    /// The host that the person is at.
    pub(super) host: String,
}

impl Frame {
    fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    fn asset(&self, name: &str) -> String {
        self.path(&endpoints::STATIC.replace("{name}", name))
    }

    fn style(&self) -> String {
        self.asset(&STYLE.name)
    }

    fn logo(&self) -> String {
        self.asset(&LOGO.name)
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    frame: Frame,
    client: &'a str,
    ticket: &'a str,
    username: &'a str,
    message: &'a str,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    frame: Frame,
    client: &'a str,
    ticket: &'a str,
    username: &'a str,
    initial: String,
    scopes: Vec<ScopeWords>,
    destination: &'a str,
}

#[derive(Template)]
#[template(path = "sign_out.html")]
struct SignOutPage<'a> {
    frame: Frame,
    username: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: Frame,
    advice: &'a str,
    reference: &'a str,
}

/// The sign-in page, as it is seen first.
pub(super) async fn sign_in(
    visit: &Visit,
    client: &RegisteredClient,
    ticket: &Ticket,
    session: Option<&Session>,
) -> Result<Response, Problem> {
    let known = session.map(|session| session.user.name.as_str());
    let username = ticket.request.login_hint.as_deref().or(known).unwrap_or_default();
    sign_in_again(visit, client, ticket, username, StatusCode::OK, "").await
}

/// The sign-in page with what went wrong.
pub(super) async fn sign_in_again(
    visit: &Visit,
    client: &RegisteredClient,
    ticket: &Ticket,
    username: &str,
    status: StatusCode,
    message: &str,
) -> Result<Response, Problem> {
    ticketed(visit, ticket, status, |sealed| {
        SignInPage { frame: visit.frame(), client: name_of(client), ticket: sealed, username, message }.render()
    })
    .await
}

/// The consent page.
pub(super) async fn consent(
    visit: &Visit,
    client: &RegisteredClient,
    ticket: &Ticket,
    session: &Session,
) -> Result<Response, Problem> {
    let username = session.user.name.as_str();
    let destination = form_target(&ticket.request.redirect_uri).unwrap_or_default();
    ticketed(visit, ticket, StatusCode::OK, |sealed| {
        let page = ConsentPage {
            frame: visit.frame(),
            client: name_of(client),
            ticket: sealed,
            username,
            initial: username.chars().take(1).flat_map(char::to_uppercase).collect(),
            scopes: in_words(&ticket.request.scope),
            destination: &destination,
        };
        page.render()
    })
    .await
}

/// The page that asks whether to sign out, or says that nobody is signed in.
pub(super) fn sign_out(visit: &Visit, session: Option<&Session>) -> Response {
    let username = session.map(|session| session.user.name.as_str());
    respond(StatusCode::OK, SignOutPage { frame: visit.frame(), username }.render(), None)
}

/// The page that says why nothing can be done.
pub(super) fn problem(visit: &Visit, status: StatusCode, advice: &str) -> Response {
    let page = ProblemPage { frame: visit.frame(), advice, reference: &visit.reference };
    respond(status, page.render(), None)
}

fn name_of(client: &RegisteredClient) -> &str {
    client.name.as_deref().unwrap_or(&client.registration.id)
}

/// A page with a form, whose ticket is of this browser.
async fn ticketed(
    visit: &Visit,
    ticket: &Ticket,
    status: StatusCode,
    render: impl FnOnce(&str) -> askama::Result<String>,
) -> Result<Response, Problem> {
    let browser = match &visit.browser {
        Some(browser) => browser.clone(),
        None => Browser::new().map_err(Problem::internal)?,
    };
    let sealed = visit.seal(ticket, &browser).await?;
    let response = respond(status, render(&sealed), form_target(&ticket.request.redirect_uri).as_deref());
    Ok(visit.with_cookie(response, &browser))
}

fn respond(status: StatusCode, page: askama::Result<String>, form_target: Option<&str>) -> Response {
    let Ok(page) = page else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: browsers then withhold the origin of our own posts as well.
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{}; frame-ancestors 'none'; \
         base-uri 'none'",
        form_target.map(|target| format!(" {target}")).unwrap_or_default()
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
