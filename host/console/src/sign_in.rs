//! Signing in by a code of the command line or by the admin token, and signing out.
//!
//! Wrong words of one address are bounded; a valid code is accepted all the same, so that another user of the
//! machine cannot lock the operator out.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use dropins_protocol::TokenHash;
use dropins_server::http::see_other;

use crate::codes::VALIDITY;
use crate::desk::Desk;
use crate::documents::CodeDocument;
use crate::journal::{note, record};
use crate::operator::{self, Operator};
use crate::page::{page, page_with};
use crate::posted::{FORM, Posted};
use crate::session::By;

/// Bytes of the form of a person who has not signed in.
const WORD: usize = 4 << 10;

/// What wrong words are counted under: no client has an id with a control character.
const COUNTED_AS: &str = "\0console";

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    issuer: String,
    has_token: bool,
    message: String,
    good: bool,
}

impl SignInPage {
    fn new(desk: &Desk, message: impl Into<String>) -> Self {
        let live = desk.live();
        let has_token = live.deployment.transport.admin.token.is_some();
        Self { issuer: live.endpoints.issuer.clone(), has_token, message: message.into(), good: false }
    }
}

/// `GET /console`: the cookie is for what is below.
pub(crate) async fn home() -> Response {
    see_other("/console/")
}

pub(crate) async fn get(State(desk): State<Arc<Desk>>, headers: HeaderMap, request: Request) -> Response {
    match operator::find(&desk, &headers, request.extensions()) {
        Some(_) => see_other("/console/"),
        None => page(&SignInPage::new(&desk, "")),
    }
}

pub(crate) async fn post(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let address = operator::address(request.extensions());
    let posted = match Posted::read(request, WORD).await {
        Ok(posted) => posted,
        Err(error) => return error.response(),
    };
    let by = match check(&desk, address, posted.text("word")) {
        Ok(by) => by,
        Err(wait) => {
            desk.handles.services.metrics.admin_rejected("console");
            record(address, None, "sign-in", "", Err(if wait.is_some() { "too-often" } else { "wrong" }));
            return rejected(&desk, wait);
        }
    };
    let how = by.as_str();
    let Ok(id) = desk.sessions.begin(by) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    record(address, Some(how), "sign-in", "", Ok(()));
    let mut response = see_other("/console/");
    if let Some(cookie) = operator::cookie(Some(&id), desk.handles.tls) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// How the word signs in, or how many seconds to wait if there were too many wrong ones.
fn check(desk: &Desk, address: Option<IpAddr>, word: &str) -> Result<By, Option<u64>> {
    if desk.codes.redeem(word) {
        return Ok(By::Code);
    }
    let services = &desk.handles.services;
    let address = address.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let attempt = services.secret_attempts.check(COUNTED_AS, address, services.clock.now());
    let attempt = attempt.map_err(|wait| Some(wait.seconds))?;
    let live = desk.live();
    let token = live.deployment.transport.admin.token.as_ref().map(|token| TokenHash::of(token.expose()));
    match token.filter(|token| token.matches(word)) {
        Some(token) => {
            attempt.not_wrong();
            Ok(By::Token(token))
        }
        None => Err(None),
    }
}

fn rejected(desk: &Desk, wait: Option<u64>) -> Response {
    let Some(seconds) = wait else {
        return page_with(StatusCode::FORBIDDEN, &SignInPage::new(desk, "This is neither a valid code nor the token."));
    };
    let message = format!("There were too many attempts. Wait {seconds} s, or use a new code.");
    let mut response = page_with(StatusCode::TOO_MANY_REQUESTS, &SignInPage::new(desk, message));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

pub(crate) async fn sign_out(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    if let Err(rejected) = Posted::of(&operator, request, FORM).await {
        return rejected;
    }
    desk.sessions.end(&operator.session);
    note(&operator, "sign-out", "", Ok(()));
    let goodbye = SignInPage { good: true, ..SignInPage::new(&desk, "You are signed out.") };
    let mut response = page(&goodbye);
    if let Some(cookie) = operator::cookie(None, desk.handles.tls) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// `POST /console/codes`, which is guarded as the admin endpoints are: a code for who may use them.
pub(crate) async fn code(State(desk): State<Arc<Desk>>) -> Response {
    let Ok(code) = desk.codes.issue() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    record(None, None, "code", "", Ok(()));
    let document = CodeDocument { address: address(&desk), code, expires_in: VALIDITY };
    let body = serde_json::to_vec(&document).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

/// The address of the console, as a browser on this machine reaches it.
fn address(desk: &Desk) -> String {
    let (bound, live) = (desk.handles.address, desk.live());
    let host = match bound.ip() {
        ip if ip.is_loopback() => bound.to_string(),
        _ => format!("{}:{}", live.deployment.server.hostname, bound.port()),
    };
    format!("{}://{host}/console/", desk.scheme())
}
