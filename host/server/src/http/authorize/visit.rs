//! One request of a browser, and what every step of the flow needs of it.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::response::Response;
use url::Url;

use super::cookie::Browser;
use super::device::{self, Device};
use super::frame::Frame;
use super::pages::Pages;
use super::problem::Problem;
use super::same_origin::is_same_origin;
use super::see_other::see_other;
use super::tickets::Ticket;
use crate::http::{body, client_address};
use dropins_config::endpoints;
use dropins_live::Live;
use dropins_oauth::clients::RegisteredClient;
use dropins_protocol::Form;
use dropins_protocol::names::AUTHORIZATION_CODE;
use dropins_protocol::reference;
use dropins_store::sessions::Session;

/// One request of a browser.
pub(super) struct Visit {
    pub(super) pages: Pages,
    pub(super) live: Arc<Live>,
    /// Who asks, if the browser was here before.
    pub(super) browser: Option<Browser>,
    /// The sealed device, if a user has signed in at the browser before.
    device: Option<String>,
    /// Where the request comes from.
    pub(super) address: Option<IpAddr>,
    /// What finds this request in the log.
    pub(super) reference: String,
}

impl Visit {
    /// The browser that sends this request head.
    pub(super) fn new(pages: Pages, head: &Parts) -> Self {
        let live = pages.services.published.current();
        let browser = Browser::of(&head.headers, is_secure(&live));
        let device = device::of(&head.headers, is_secure(&live));
        let address = client_address::of(&head.extensions, &head.headers, &live.deployment.transport.trusted_proxies);
        Self { pages, live, browser, device, address, reference: reference() }
    }

    /// Answers a form that one of our pages posts.
    pub(super) async fn of_post(
        pages: Pages,
        request: Request,
        answer: impl AsyncFnOnce(&Self, Form) -> Result<Response, Problem>,
    ) -> Response {
        let (head, body) = request.into_parts();
        let visit = Self::new(pages, &head);
        let answered = match visit.form(&head.headers, body).await {
            Ok(form) if is_same_origin(&head.headers, &visit.origin()) => answer(&visit, form).await,
            Ok(_) => Err(Problem::foreign_post()),
            Err(problem) => Err(problem),
        };
        answered.unwrap_or_else(|problem| visit.end(problem))
    }

    /// The form in the body of a post.
    pub(super) async fn form(&self, headers: &HeaderMap, body: axum::body::Body) -> Result<Form, Problem> {
        let body = body::read(headers, body).await.map_err(|error| Problem::malformed(error.description))?;
        Form::parse(&body).map_err(|error| Problem::malformed(error.to_string()))
    }

    /// The ticket in a form or a query of this browser.
    pub(super) async fn ticket(&self, form: &Form) -> Result<Ticket, Problem> {
        let Some((text, browser)) = form.get("ticket").zip(self.browser.as_ref()) else {
            return Err(Problem::expired());
        };
        self.pages.tickets.unseal(text, browser).await?.ok_or_else(Problem::expired)
    }

    /// The client with this id; one to which users never sign in looks like an unknown one.
    pub(super) async fn client(&self, client_id: &str) -> Result<Arc<RegisteredClient>, Problem> {
        let Some(client) = self.live.clients.find(client_id).await? else {
            let lack = self.live.clients.lacks_document(client_id).await;
            let lack = lack.map(|lack| format!("unknown client, and no document at its id describes it: {lack}"));
            return Err(Problem::unknown_client(lack.unwrap_or_else(|| "unknown client".to_owned())));
        };
        let uses_codes = client.grant_types.iter().any(|grant| grant == AUTHORIZATION_CODE);
        if uses_codes && !client.redirect_uris.is_empty() {
            return Ok(client);
        }
        let id = &client.registration.id;
        let lacks = if uses_codes { "redirect URI" } else { "grant type authorization_code" };
        Err(Problem::unknown_client(format!("the client {id:?} has no {lacks}")))
    }

    /// The client of a ticket, which may have changed since the ticket was sealed.
    pub(super) async fn client_of(&self, ticket: &Ticket) -> Result<Arc<RegisteredClient>, Problem> {
        let client = self.client(&ticket.request.client_id).await?;
        match ticket.request.returns_to(&client) {
            true => Ok(client),
            false => Err(Problem::shown("The redirect_uri is not registered for the client any more")),
        }
    }

    /// The device, if this name has signed in on it before.
    pub(super) async fn device(&self, username: &str) -> Result<Option<Device>, Problem> {
        let Some(sealed) = &self.device else { return Ok(None) };
        let device = self.pages.tickets.unseal_device(sealed).await?;
        Ok(device.filter(|device| device.username == username))
    }

    /// The response, with the device's cookie first.
    pub(super) async fn with_device(&self, mut response: Response, device: &Device) -> Result<Response, Problem> {
        let sealed = self.pages.tickets.seal_device(device).await?;
        let headers = response.headers_mut();
        let others: Vec<_> = headers.get_all(SET_COOKIE).iter().cloned().collect();
        headers.remove(SET_COOKIE);
        for cookie in device::cookie(&sealed, is_secure(&self.live)).into_iter().chain(others) {
            headers.append(SET_COOKIE, cookie);
        }
        Ok(response)
    }

    /// The person who is signed in at this browser.
    pub(super) async fn session(&self) -> Result<Option<Session>, Problem> {
        match &self.browser {
            Some(browser) => Ok(self.pages.services.sessions.of(&browser.hash()).await?),
            None => Ok(None),
        }
    }

    /// The ticket as the next page of this browser carries it.
    pub(super) async fn seal(&self, ticket: &Ticket, browser: &Browser) -> Result<String, Problem> {
        Ok(self.pages.tickets.seal(ticket, browser).await?)
    }

    /// Where this browser is to be sent after it is signed out, as the page carries it; empty without a browser, which has
    /// no session.
    pub(super) async fn seal_return(&self, url: Option<&str>) -> Result<String, Problem> {
        match (url, &self.browser) {
            (Some(url), Some(browser)) => Ok(self.pages.tickets.seal_return(url, browser).await?),
            _ => Ok(String::new()),
        }
    }

    /// The same as a form brings it back; one that has expired leads nowhere.
    pub(super) async fn unseal_return(&self, form: &Form) -> Result<Option<String>, Problem> {
        match form.get("return").zip(self.browser.as_ref()) {
            Some((text, browser)) => Ok(self.pages.tickets.unseal_return(text, browser).await?),
            None => Ok(None),
        }
    }

    /// Sends this browser, which may be new or renamed, on with a ticket.
    pub(super) async fn go_on(&self, ticket: &Ticket, browser: &Browser) -> Result<Response, Problem> {
        let sealed = self.seal(ticket, browser).await?;
        let response = see_other(&format!("{}{}?ticket={sealed}", self.prefix(), endpoints::AUTHORIZE));
        Ok(self.with_cookie(response, browser))
    }

    /// The response, with the browser's cookie unless it has it.
    pub(super) fn with_cookie(&self, mut response: Response, browser: &Browser) -> Response {
        if self.browser.as_ref() != Some(browser)
            && let Some(cookie) = browser.cookie(is_secure(&self.live))
        {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

    /// Answers what ends the flow without a code.
    pub(super) fn end(&self, problem: Problem) -> Response {
        let (services, (client, error)) = (&self.pages.services, problem.facts());
        let now = services.clock.now_seconds();
        services.decisions.rejected(now, &self.reference, self.address, "authorization-refused", client, &error);
        problem.respond(self.frame(), &self.reference, &self.live.endpoints.issuer)
    }

    /// What all pages have in common.
    pub(super) fn frame(&self) -> Frame {
        let host = self.base().map(|url| url.authority().to_owned()).unwrap_or_default();
        Frame { prefix: self.prefix(), host }
    }

    /// The path of the public base URL, without a slash at its end.
    fn prefix(&self) -> String {
        self.base().map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default()
    }

    fn origin(&self) -> String {
        self.base().map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }

    fn base(&self) -> Option<Url> {
        Url::parse(self.live.deployment.server.base_path.as_str()).ok()
    }
}

/// Whether browsers reach this server over https.
fn is_secure(live: &Live) -> bool {
    live.deployment.server.base_path.is_https()
}
