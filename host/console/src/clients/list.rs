//! The list of clients, with a search.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use dropins_operations::clients::{ClientLine, lines};

use crate::desk::Desk;
use crate::operator::Operator;
use crate::page::{Frame, Part, failure, link, page, page_with};
use crate::table::{Cell, Table, View};

const HERE: &str = "/console/clients";
/// Clients that a page sorts.
const MOST: usize = 10_000;

#[derive(Template)]
#[template(path = "clients.html")]
struct ClientsPage {
    frame: Frame,
    text: String,
    clients: Table,
    more: bool,
}

pub(crate) async fn get(State(desk): State<Arc<Desk>>, operator: Operator, uri: Uri) -> Response {
    let view = View::of(&uri);
    let frame = Frame::of(&desk, &operator, Part::Clients);
    let text = view.text("text").to_owned();
    let found = lines(&desk.registry().await, &text, MOST).await;
    let table = |clients: &[ClientLine]| {
        let rows = clients.iter().map(row).collect();
        let labels = ["Client ID", "Name", "Method", "Grant types", "Registered in", "State"];
        Table::sorted(&view, HERE, "Clients", &labels, rows, "No client was found.")
    };
    match found {
        Ok(found) => page(&ClientsPage { frame, text, clients: table(&found.clients), more: found.more }),
        Err(error) => {
            let frame = frame.telling(failure(error));
            page_with(StatusCode::SERVICE_UNAVAILABLE, &ClientsPage { frame, text, clients: table(&[]), more: false })
        }
    }
}

fn row(line: &ClientLine) -> Vec<Cell> {
    let state = if line.enabled { Cell::text("enabled").class("good") } else { Cell::text("disabled").class("quiet") };
    vec![
        Cell::text(&line.client_id).linked(link("/console/clients/show", &[("id", &line.client_id)])),
        Cell::text(line.name.clone().unwrap_or_default()),
        Cell::text(line.auth_method.as_deref().unwrap_or("any")),
        Cell::text(line.grant_types.join(" ")),
        Cell::text(line.origin),
        state,
    ]
}
