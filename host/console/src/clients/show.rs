//! A client with its keys: where each comes from, when it was last used and until when it is valid.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use dropins_operations::clients::{ClientView, KeyView, Origin};
use dropins_operations::shown::utc;

use crate::desk::Desk;
use crate::operator::Operator;
use crate::page::{Frame, Part, link, page, refused};
use crate::table::{Cell, Table, View};

#[derive(Template)]
#[template(path = "client.html")]
struct ClientPage {
    frame: Frame,
    id: String,
    title: String,
    facts: Vec<(&'static str, String)>,
    keys: Table,
    keyless: Option<String>,
    enabled: bool,
    /// Whether it is changed here, and not in the file.
    stored: bool,
    jwks_uri: Option<String>,
    edit: String,
    decisions: String,
}

/// The address of a client's page.
pub(crate) fn of(client_id: &str) -> String {
    link("/console/clients/show", &[("id", client_id)])
}

pub(crate) async fn get(State(desk): State<Arc<Desk>>, operator: Operator, uri: Uri) -> Response {
    let view = View::of(&uri);
    let id = view.text("id").to_owned();
    let found = match ClientView::find(&desk.registry().await, &id).await {
        Ok(found) => found,
        Err(error) => return refused(&desk, &operator, "/console/clients", error),
    };
    let now = i64::try_from(desk.now()).unwrap_or(i64::MAX);
    let rows = found.keys.iter().map(|key| row(key, now)).collect();
    let labels = ["Thumbprint", "Key ID", "Source", "Kind", "Algorithms", "Valid until", "Last use"];
    page(&ClientPage {
        frame: Frame::of(&desk, &operator, Part::Clients),
        title: found.client.name.clone().unwrap_or_else(|| id.clone()),
        facts: facts(&found),
        keys: Table::sorted(&view, "/console/clients/show", "Keys", &labels, rows, "No key is known."),
        enabled: found.client.enabled,
        stored: found.origin != Origin::File,
        jwks_uri: found.client.keys.jwks_uri().map(str::to_owned),
        edit: link("/console/clients/edit", &[("id", &id)]),
        decisions: link("/console/decisions", &[("client", &id)]),
        keyless: found.keyless,
        id,
    })
}

fn facts(view: &ClientView) -> Vec<(&'static str, String)> {
    let client = &view.client;
    let any = |text: Option<&str>| text.unwrap_or("any").to_owned();
    let overrides = view.overrides.iter().map(|(property, values)| format!("{property} = {}", values.join(" ")));
    let facts = [
        ("Client ID", client.registration.id.clone()),
        ("Registered in", view.origin.name().to_owned()),
        ("State", if client.enabled { "enabled" } else { "disabled" }.to_owned()),
        ("Method", any(client.registration.auth_method.as_deref())),
        ("Signing algorithm", any(client.registration.signing_alg.as_deref())),
        ("ID token algorithm", client.id_token_signed_response_alg.to_string()),
        ("Grant types", client.grant_types.join(" ")),
        ("Redirect URIs", client.redirect_uris.join(" ")),
        ("After signing out", client.post_logout_redirect_uris.join(" ")),
        ("Scope", client.scopes.join(" ")),
        ("Secret", client.secret.as_ref().map_or("", |_| "set; only its hash is kept").to_owned()),
        ("Upstream", client.upstream.issuer.clone().unwrap_or_default()),
        ("Client ID there", client.upstream.client_id.clone().unwrap_or_default()),
        ("Secret there", client.upstream.secret.as_ref().map_or("", |_| "set; sealed").to_owned()),
        ("Known as", view.federated.iter().map(|subject| subject.pair.to_string()).collect::<Vec<_>>().join(", ")),
        ("Overrides", overrides.collect::<Vec<_>>().join(", ")),
        ("JWKS URI", client.keys.jwks_uri().unwrap_or_default().to_owned()),
        ("Registered", view.times.map(|(created, _)| utc(created)).unwrap_or_default()),
        ("Changed", view.times.map(|(_, updated)| utc(updated)).unwrap_or_default()),
    ];
    facts.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

fn row(key: &KeyView, now: i64) -> Vec<Cell> {
    let used = match (key.last_used, key.first_seen) {
        (Some(used), _) => utc(used),
        (None, Some(seen)) => format!("never since {}", utc(seen)),
        (None, None) => "never".to_owned(),
    };
    let until = key.not_after.and_then(|until| u64::try_from(until).ok()).map(utc).unwrap_or_default();
    let expired = key.not_after.is_some_and(|until| until < now);
    vec![
        Cell::code(&key.thumbprint),
        Cell::code(key.kid.clone().unwrap_or_default()),
        Cell::text(key.shown_source()),
        Cell::text(key.kind.clone().unwrap_or_default()),
        Cell::text(key.algorithms.join(" ")),
        Cell::by(until, key.not_after.unwrap_or(i64::MAX)).class(if expired { "bad" } else { "" }),
        Cell::text(used),
    ]
}
