//! The keys of a client: imported, published at a URL, fetched now.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use dropins_keys::registration_text;
use dropins_operations::clients::{Change, Done, Fact, change};
use dropins_server::admin::documents::RefreshDocument;
use dropins_server::admin::refresh_keys;

use super::show;
use crate::desk::Desk;
use crate::journal::note;
use crate::operator::Operator;
use crate::page::{refused, tell};
use crate::posted::{FORM, Posted};
use crate::session::Notice;

pub(crate) async fn register(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    let posted = match Posted::of(&operator, request, FORM).await {
        Ok(posted) => posted,
        Err(rejected) => return rejected,
    };
    let id = posted.text("id");
    match imported(&posted) {
        Ok(wanted) => apply(&desk, &operator, id, "client-keys", &wanted, "The keys are registered.").await,
        Err(reason) => {
            note(&operator, "client-keys", id, Err(&reason));
            refused(&desk, &operator, &show::of(id), reason)
        }
    }
}

/// The change that a form for keys asks for.
fn imported(posted: &Posted) -> Result<Change, String> {
    let bytes = posted.content("keys").ok_or("Choose a file, or paste its text.")?;
    let text = registration_text(&bytes).map_err(|error| format!("The keys cannot be registered: {error}."))?;
    let is_set = text.trim_start().starts_with('{');
    Ok(match (is_set, posted.text("mode")) {
        (true, _) => Change { jwks: Some(text), ..Change::default() },
        (false, "replace") => Change { certificate: Some(text), ..Change::default() },
        (false, _) => Change { add_certificates: vec![text], ..Change::default() },
    })
}

pub(crate) async fn set_uri(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    let posted = match Posted::of(&operator, request, FORM).await {
        Ok(posted) => posted,
        Err(rejected) => return rejected,
    };
    let id = posted.text("id");
    let (wanted, text) = match posted.given("jwks_uri") {
        Some(uri) => (Change { jwks_uri: Some(uri), ..Change::default() }, "The JWKS URI is set."),
        None => (Change { clear: vec![Fact::JwksUri], ..Change::default() }, "The client publishes no keys."),
    };
    apply(&desk, &operator, id, "client-jwks-uri", &wanted, text).await
}

async fn apply(
    desk: &Desk,
    operator: &Operator,
    id: &str,
    action: &'static str,
    wanted: &Change,
    text: &str,
) -> Response {
    match change(&desk.registry().await, id, wanted).await {
        Ok(Done { warnings, .. }) => {
            note(operator, action, id, Ok(()));
            let lines = warnings.iter().map(|warning| format!("warning: {warning}")).collect();
            tell(desk, operator, &show::of(id), Notice { good: true, text: text.to_owned(), lines })
        }
        Err(error) => {
            note(operator, action, id, Err(&error.to_string()));
            refused(desk, operator, &show::of(id), error)
        }
    }
}

pub(crate) async fn refresh(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    let posted = match Posted::of(&operator, request, FORM).await {
        Ok(posted) => posted,
        Err(rejected) => return rejected,
    };
    let id = posted.text("id");
    match refresh_keys(&desk.handles.services.published, id).await {
        Ok(RefreshDocument { result, keys, warnings }) => {
            note(&operator, "keys-refresh", id, Ok(()));
            let text = format!("The keys were fetched: {result}, {} usable.", keys.len());
            let lines = warnings.iter().map(|warning| format!("warning: {warning}")).collect();
            tell(&desk, &operator, &show::of(id), Notice { good: !keys.is_empty(), text, lines })
        }
        Err(error) => {
            note(&operator, "keys-refresh", id, Err(&error.to_string()));
            refused(&desk, &operator, &show::of(id), error)
        }
    }
}
