//! The pages that are no problems: sign in, consent, sign out, home.

use std::borrow::Cow;

use super::cookie::Browser;
use super::tickets::Ticket;
use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::frame::Frame;
use super::html::html;
use super::origin::origin_of;
use super::problem::Problem;
use super::scope_words::{ScopeWords, in_words};
use super::visit::Visit;
use dropins_config::is_loopback;
use dropins_oauth::authorization::form_target;
use dropins_oauth::clients::RegisteredClient;
use dropins_store::sessions::Session;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    frame: Frame,
    client: &'a str,
    ticket: &'a str,
    username: &'a str,
    message: &'a str,
    back: Option<String>,
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
    /// The host of the document that describes an unregistered client.
    vouching: Option<&'a str>,
    /// Whether any program of the person's machine may receive the answer.
    is_local: bool,
}

#[derive(Template)]
#[template(path = "sign_out.html")]
struct SignOutPage<'a> {
    frame: Frame,
    username: Option<&'a str>,
    back: Option<SendBack<'a>>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    frame: Frame,
    username: Option<&'a str>,
}

/// Where the client wants the browser back after it is signed out.
pub(super) struct SendBack<'a> {
    /// The URI, with the client's `state`.
    pub(super) url: &'a str,
    /// The same for the form.
    pub(super) sealed: String,
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
        let back = origin_of(&ticket.request.redirect_uri);
        SignInPage { frame: visit.frame(), client: &name_of(client), ticket: sealed, username, message, back }.render()
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
            client: &name_of(client),
            ticket: sealed,
            username,
            initial: username.chars().take(1).flat_map(char::to_uppercase).collect(),
            scopes: in_words(&ticket.request.scope),
            destination: &destination,
            vouching: client.host.as_deref(),
            is_local: client.host.is_some() && is_local(&ticket.request.redirect_uri),
        };
        page.render()
    })
    .await
}

/// The page that asks whether to sign out, or says that no user is signed in.
pub(super) fn sign_out(visit: &Visit, session: Option<&Session>, back: Option<SendBack<'_>>) -> Response {
    let username = session.map(|session| session.user.name.as_str());
    let target = back.as_ref().and_then(|back| form_target(back.url));
    html(StatusCode::OK, SignOutPage { frame: visit.frame(), username, back }.render(), target.as_deref())
}

/// The page for people who come without a request.
pub(super) fn home(visit: &Visit, session: Option<&Session>) -> Response {
    let username = session.map(|session| session.user.name.as_str());
    html(StatusCode::OK, HomePage { frame: visit.frame(), username }.render(), None)
}

/// The name of the client. An unregistered client chooses any name, so its host is always there.
fn name_of(client: &RegisteredClient) -> Cow<'_, str> {
    match (&client.name, &client.host) {
        (Some(name), Some(host)) => format!("{name} ({host})").into(),
        (Some(name), None) => name.into(),
        (None, Some(host)) => host.into(),
        (None, None) => client.registration.id.as_str().into(),
    }
}

/// Whether the redirect URI leads to the machine of the browser (RFC 8252 section 7.3).
fn is_local(redirect_uri: &str) -> bool {
    url::Url::parse(redirect_uri).is_ok_and(|url| url.host_str().is_some_and(is_loopback))
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
    let response = html(status, render(&sealed), form_target(&ticket.request.redirect_uri).as_deref());
    Ok(visit.with_cookie(response, &browser))
}
