//! A client is added or changed by a form; a form that is rejected comes back as it was filled in.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use dropins_operations::clients::{Change, Done, add as register, change as update};

use super::form::{ClientForm, with_keys};
use super::show;
use crate::desk::Desk;
use crate::journal::note;
use crate::operator::Operator;
use crate::page::{Frame, Part, failure, page, page_with, refused, tell};
use crate::posted::{FORM, Posted};
use crate::session::Notice;
use crate::table::View;

#[derive(Template)]
#[template(path = "client_form.html")]
struct FormPage {
    frame: Frame,
    form: ClientForm,
    is_new: bool,
    back: String,
}

impl FormPage {
    fn new(desk: &Desk, operator: &Operator, form: ClientForm, is_new: bool) -> Self {
        let back = if is_new { "/console/clients".to_owned() } else { show::of(&form.id) };
        Self { frame: Frame::of(desk, operator, Part::Clients), form, is_new, back }
    }

    /// The same form with the reason why it was rejected.
    fn rejected(self, reason: &str) -> Response {
        let page = Self { frame: self.frame.telling(failure(reason)), ..self };
        page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
    }
}

pub(crate) async fn blank(State(desk): State<Arc<Desk>>, operator: Operator) -> Response {
    page(&FormPage::new(&desk, &operator, ClientForm::blank(), true))
}

pub(crate) async fn get(State(desk): State<Arc<Desk>>, operator: Operator, uri: Uri) -> Response {
    match desk.registry().await.stored(View::of(&uri).text("id")).await {
        Ok(record) => page(&FormPage::new(&desk, &operator, ClientForm::of_record(&record), false)),
        Err(error) => refused(&desk, &operator, "/console/clients", error),
    }
}

pub(crate) async fn add(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    let posted = match Posted::of(&operator, request, FORM).await {
        Ok(posted) => posted,
        Err(rejected) => return rejected,
    };
    let form = ClientForm::of_post(&posted);
    let wanted = form.change().and_then(|change| with_keys(change, &posted));
    let added = match wanted {
        Ok(change) => {
            // An empty field means the default of a new client, and there is nothing to forget.
            let change = Change { clear: Vec::new(), enabled: Some(posted.is_checked("enabled")), ..change };
            register(&desk.registry().await, posted.given("id"), &change).await.map_err(|error| error.to_string())
        }
        Err(reason) => Err(reason),
    };
    match added {
        Ok(added) => {
            note(&operator, "client-add", &added.record.client_id, Ok(()));
            let id = added.record.client_id.clone();
            tell(&desk, &operator, &show::of(&id), said(added, "Added the client."))
        }
        Err(reason) => {
            note(&operator, "client-add", &form.id, Err(&reason));
            FormPage::new(&desk, &operator, form, true).rejected(&reason)
        }
    }
}

pub(crate) async fn change(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    let posted = match Posted::of(&operator, request, FORM).await {
        Ok(posted) => posted,
        Err(rejected) => return rejected,
    };
    let form = ClientForm::of_post(&posted);
    match apply(&desk, &form).await {
        Ok(changed) => {
            note(&operator, "client-change", &form.id, Ok(()));
            tell(&desk, &operator, &show::of(&form.id), said(changed, "Changed the client."))
        }
        Err(reason) => {
            note(&operator, "client-change", &form.id, Err(&reason));
            FormPage::new(&desk, &operator, form, false).rejected(&reason)
        }
    }
}

async fn apply(desk: &Desk, form: &ClientForm) -> Result<Done, String> {
    let registry = desk.registry().await;
    let record = registry.stored(&form.id).await.map_err(|error| error.to_string())?;
    if record.revision != form.revision {
        return Err("The client was changed meanwhile: go back to it and edit it again.".to_owned());
    }
    update(&registry, &form.id, &form.change()?).await.map_err(|error| error.to_string())
}

fn said(done: Done, text: &str) -> Notice {
    let mut lines: Vec<_> = done.warnings.iter().map(|warning| format!("warning: {warning}")).collect();
    lines.extend(done.lack.iter().map(|lack| format!("warning: {lack}")));
    if done.secret.is_some() {
        // It is not shown here: `client update --new-secret` makes one and shows it.
        lines.push("its secret is made and shown by `dropins client update ID --new-secret`".to_owned());
    }
    Notice { good: true, text: text.to_owned(), lines }
}
