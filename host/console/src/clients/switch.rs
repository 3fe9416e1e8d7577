//! A client is enabled, disabled or removed.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use dropins_operations::clients::{Change, Removed, change, remove as take};

use super::show;
use crate::desk::Desk;
use crate::journal::note;
use crate::operator::Operator;
use crate::page::{done, refused};
use crate::posted::{FORM, Posted};

pub(crate) async fn enable(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    let posted = match Posted::of(&operator, request, FORM).await {
        Ok(posted) => posted,
        Err(rejected) => return rejected,
    };
    let (id, enabled) = (posted.text("id"), posted.is_checked("enabled"));
    let (action, word) = if enabled { ("client-enable", "enabled") } else { ("client-disable", "disabled") };
    let wanted = Change { enabled: Some(enabled), ..Change::default() };
    match change(&desk.registry().await, id, &wanted).await {
        Ok(_) => {
            note(&operator, action, id, Ok(()));
            done(&desk, &operator, &show::of(id), format!("The client is {word}."))
        }
        Err(error) => {
            note(&operator, action, id, Err(&error.to_string()));
            refused(&desk, &operator, &show::of(id), error)
        }
    }
}

pub(crate) async fn remove(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    let posted = match Posted::of(&operator, request, FORM).await {
        Ok(posted) => posted,
        Err(rejected) => return rejected,
    };
    let id = posted.text("id");
    if !posted.is_checked("sure") {
        return refused(&desk, &operator, &show::of(id), "Confirm that the client is to be removed.");
    }
    match take(&desk.registry().await, id).await {
        Ok(Removed { stays, .. }) => {
            note(&operator, "client-remove", id, Ok(()));
            let rest = if stays { "the one of the same ID in deployment.toml stays" } else { "its grants are revoked" };
            done(&desk, &operator, "/console/clients", format!("Removed the client {id}; {rest}."))
        }
        Err(error) => {
            note(&operator, "client-remove", id, Err(&error.to_string()));
            refused(&desk, &operator, &show::of(id), error)
        }
    }
}
