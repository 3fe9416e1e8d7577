//! The overview: what is live, whether it is ready, how busy it is, and what expires.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use dropins_operations::shown::{short, span, utc};
use dropins_server::admin::documents::StatusDocument;
use dropins_server::admin::status_document;

use crate::chart::{RatesChart, StagesChart};
use crate::desk::Desk;
use crate::operator::Operator;
use crate::page::{Frame, Part, link, page};
use crate::plugins::breaker;
use crate::table::{Cell, Table};

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    frame: Frame,
    status: StatusDocument,
    facts: Vec<(&'static str, String)>,
    rates: RatesChart,
    plugins: Table,
    stages: Option<StagesChart>,
    expiring: Table,
}

pub(crate) async fn get(State(desk): State<Arc<Desk>>, operator: Operator) -> Response {
    let handles = &desk.handles;
    let status = status_document(&handles.services, handles.reloader.record(), &handles.home.root).await;
    let now = desk.now();
    desk.rates.take(handles.services.metrics.totals(), now);
    page(&OverviewPage {
        frame: Frame::of(&desk, &operator, Part::Overview),
        facts: facts(&status),
        rates: RatesChart::new(&desk.rates.hour(now)),
        plugins: plugins(&status),
        stages: (!status.expiring.is_empty()).then(|| StagesChart::new(&status.expiring)),
        expiring: expiring(&status),
        status,
    })
}

fn facts(status: &StatusDocument) -> Vec<(&'static str, String)> {
    let published = status.reload.published_at.map(|at| format!(", {} ago", span(status.time.saturating_sub(at))));
    let replay = &status.replay;
    let rows = replay.rows.map_or_else(|| "rows unknown".to_owned(), |rows| format!("{rows} rows"));
    let hits = replay.cache_hit_ratio.map(|ratio| format!(", {:.1} % cache hits", ratio * 100.0));
    vec![
        ("Generation", format!("{}{}", status.generation, published.unwrap_or_default())),
        ("Up", span(status.uptime_seconds)),
        ("Clients", status.clients.to_string()),
        ("In flight", status.in_flight.to_string()),
        ("Replay store", format!("{}, {rows}{}", replay.kind, hits.unwrap_or_default())),
    ]
}

fn plugins(status: &StatusDocument) -> Table {
    let rows = status.plugins.iter().map(|plugin| {
        let (state, class) = breaker(&plugin.breaker);
        vec![
            Cell::text(plugin.order.to_string()).class("number"),
            Cell::text(&plugin.name).linked("/console/plugins"),
            Cell::text(&plugin.version),
            Cell::code(short(&plugin.digest)),
            Cell::number(plugin.calls),
            Cell::number(plugin.failures),
            Cell::text(state).class(class),
        ]
    });
    let labels = ["Order", "Name", "Version", "Digest", "Calls", "Failures", "Breaker"];
    Table::plain("Plug-ins that decide", &labels, rows.collect(), "No plug-in is enabled.")
}

fn expiring(status: &StatusDocument) -> Table {
    let rows = status.expiring.iter().map(|key| {
        let until = u64::try_from(key.not_after).map(utc).unwrap_or_default();
        let class = if key.not_after < i64::try_from(status.time).unwrap_or(i64::MAX) { "bad" } else { "" };
        vec![
            Cell::text(&key.client_id).linked(link("/console/clients/show", &[("id", &key.client_id)])),
            Cell::code(&key.thumbprint),
            Cell::text(&key.source),
            Cell::text(until).class(class),
        ]
    });
    let labels = ["Client", "Key", "Source", "Valid until"];
    Table::plain("Keys that expire within 30 days", &labels, rows.collect(), "No key expires within 30 days.")
}
