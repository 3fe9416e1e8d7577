//! What all pages of an operator have in common, and a page as a response.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use dropins_server::http::{LOGO, html, see_other};

use crate::assets::STYLE;
use crate::desk::Desk;
use crate::operator::Operator;
use crate::session::Notice;

/// A part of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Overview,
    Plugins,
    Clients,
    Keystores,
    Decisions,
    Configuration,
}

/// The parts with their addresses, in the order of the menu.
const MENU: [(Part, &str, &str); 6] = [
    (Part::Overview, "/console/", "Overview"),
    (Part::Plugins, "/console/plugins", "Plug-ins"),
    (Part::Clients, "/console/clients", "Clients"),
    (Part::Keystores, "/console/keystores", "Keystores"),
    (Part::Decisions, "/console/decisions", "Decisions"),
    (Part::Configuration, "/console/configuration", "Configuration"),
];

/// What is around a page.
pub(crate) struct Frame {
    /// What each form carries.
    pub(crate) csrf: String,
    pub(crate) notice: Option<Notice>,
    pub(crate) issuer: String,
    pub(crate) home: String,
    part: Part,
}

impl Frame {
    /// The frame of a page of this operator; tells what the last change led to.
    pub(crate) fn of(desk: &Desk, operator: &Operator, part: Part) -> Self {
        Self {
            csrf: operator.csrf.clone(),
            notice: desk.sessions.told(&operator.session),
            issuer: desk.live().endpoints.issuer.clone(),
            home: desk.handles.home.root.display().to_string(),
            part,
        }
    }

    /// The same with something to tell.
    pub(crate) fn telling(self, notice: Notice) -> Self {
        Self { notice: Some(notice), ..self }
    }

    pub(crate) fn menu(&self) -> impl Iterator<Item = (bool, &'static str, &'static str)> {
        let here = self.part;
        MENU.iter().map(move |(part, href, label)| (*part == here, *href, *label))
    }

    pub(crate) fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// The address of the stylesheet.
pub(crate) fn style() -> String {
    format!("/console/static/{}", STYLE.name)
}

/// The address of the logo.
pub(crate) fn logo() -> String {
    format!("/console/static/{}", LOGO.name)
}

/// A page that was found.
pub(crate) fn page(template: &impl Template) -> Response {
    page_with(StatusCode::OK, template)
}

/// A page with another status.
pub(crate) fn page_with(status: StatusCode, template: &impl Template) -> Response {
    html(status, template.render(), None)
}

/// Leads to a page that tells something.
pub(crate) fn tell(desk: &Desk, operator: &Operator, location: &str, notice: Notice) -> Response {
    desk.sessions.tell(&operator.session, notice);
    see_other(location)
}

/// Leads to a page that says what was done.
pub(crate) fn done(desk: &Desk, operator: &Operator, location: &str, text: impl Into<String>) -> Response {
    tell(desk, operator, location, Notice { good: true, text: text.into(), lines: Vec::new() })
}

/// Leads to a page that says why nothing was done.
pub(crate) fn refused(desk: &Desk, operator: &Operator, location: &str, text: impl ToString) -> Response {
    tell(desk, operator, location, failure(text))
}

/// Why nothing was done: a sentence, with the further lines of a text that has several.
pub(crate) fn failure(text: impl ToString) -> Notice {
    let text = text.to_string();
    let (first, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
    let lines = rest.lines().map(str::to_owned).collect();
    Notice { good: false, text: first.to_owned(), lines }
}

/// An address with parameters.
pub(crate) fn link(path: &str, parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("{path}?{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_carries_any_id() {
        assert_eq!(
            link("/console/clients/show", &[("id", "https://a/?b&c d")]),
            "/console/clients/show?id=https%3A%2F%2Fa%2F%3Fb%26c+d"
        );
    }

    #[test]
    fn a_failure_of_several_lines_is_a_sentence_and_lines() {
        let notice = failure("error: x\n --> f:1:2\n  |");
        assert_eq!((notice.good, notice.text.as_str(), notice.lines.len()), (false, "error: x", 2));
    }
}
