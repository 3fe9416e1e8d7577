//! The clients by the audience that they last sent, and what `AudienceMode = "strict"` would say.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use dropins_operations::shown::utc;
use dropins_server::admin::audience_document;
use dropins_telemetry::audiences::SentAudience;

use crate::desk::Desk;
use crate::operator::Operator;
use crate::page::{Frame, Part, link, page};
use crate::table::{Cell, Table, View};

const HERE: &str = "/console/clients/audience";

#[derive(Template)]
#[template(path = "audience.html")]
struct AudiencePage {
    frame: Frame,
    reported: bool,
    summary: String,
    clients: Table,
}

pub(crate) async fn get(State(desk): State<Arc<Desk>>, operator: Operator, uri: Uri) -> Response {
    let view = View::of(&uri);
    let document = audience_document(&desk.handles.services);
    let rows = document.clients.iter().map(row).collect();
    let labels = ["Client ID", "Strict", "Audience", "Last sent"];
    let clients =
        Table::sorted(&view, HERE, "Clients by audience", &labels, rows, "No client has sent an audience yet.");
    let frame = Frame::of(&desk, &operator, Part::Clients);
    page(&AudiencePage { frame, reported: document.reported, summary: document.summary(), clients })
}

fn row(sent: &SentAudience) -> Vec<Cell> {
    let strict = if sent.strict { Cell::text("accepted").class("good") } else { Cell::text("rejected").class("bad") };
    vec![
        Cell::text(&sent.client_id).linked(link("/console/clients/show", &[("id", &sent.client_id)])),
        strict,
        Cell::code(&sent.audience),
        Cell::by(utc(sent.time), i64::try_from(sent.time).unwrap_or(i64::MAX)),
    ]
}
