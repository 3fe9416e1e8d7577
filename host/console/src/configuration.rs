//! The configuration: what is wrong with the file, and every key with its value, default and source.
//!
//! The file is read as it is now, so that a mistake is seen before a reload; secrets are masked.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use dropins_config::{Listed, Origin, Setting, settings};

use crate::desk::Desk;
use crate::operator::Operator;
use crate::page::{Frame, Part, failure, page};
use crate::table::{Cell, Table, View};

const HERE: &str = "/console/configuration";

#[derive(Template)]
#[template(path = "configuration.html")]
struct ConfigurationPage {
    frame: Frame,
    file: String,
    text: String,
    only_set: bool,
    problems: Vec<Trouble>,
    notices: Vec<String>,
    settings: Table,
}

/// A mistake at its place.
struct Trouble {
    place: String,
    path: String,
    message: String,
    help: Option<String>,
}

pub(crate) async fn get(State(desk): State<Arc<Desk>>, operator: Operator, uri: Uri) -> Response {
    let view = View::of(&uri);
    let path = desk.live().resources.home.deployment_toml();
    let file = path.display().to_string();
    let mut frame = Frame::of(&desk, &operator, Part::Configuration);
    let listed = match std::fs::read_to_string(&path) {
        Ok(text) => settings(&text, &desk.handles.environment),
        Err(error) => {
            frame = frame.telling(failure(format!("{file} cannot be read: {error}")));
            Listed { settings: Vec::new(), problems: None, notices: Vec::new() }
        }
    };
    let problems = listed.problems.iter().flat_map(|problems| {
        problems.iter().map(|problem| Trouble {
            place: problems.position(problem).to_string(),
            path: problem.path.clone(),
            message: problem.message.clone(),
            help: problem.help.clone(),
        })
    });
    let (text, only_set) = (view.text("text").to_lowercase(), !view.text("set").is_empty());
    let wanted = |setting: &&Setting| {
        let holds = |part: &str| part.to_lowercase().contains(&text);
        (!only_set || setting.origin != Origin::Default) && (holds(&setting.path) || holds(setting.key.doc))
    };
    let rows = listed.settings.iter().filter(wanted).map(row).collect();
    let labels = ["Key", "Value", "Source", "Default", "Takes effect"];
    let settings = Table::sorted(&view, HERE, "Keys of deployment.toml", &labels, rows, "No key was found.");
    page(&ConfigurationPage {
        frame,
        problems: problems.collect(),
        notices: listed.notices.iter().map(|notice| notice.line("deployment.toml")).collect(),
        text: view.text("text").to_owned(),
        only_set,
        settings,
        file,
    })
}

fn row(setting: &Setting) -> Vec<Cell> {
    let Setting { path, key, value, origin } = setting;
    let (source, class) = match origin {
        Origin::Default => ("default".to_owned(), "quiet"),
        Origin::File(place) => (format!("line {}, column {}", place.line, place.column), ""),
        Origin::Reference(place, reference) => {
            (format!("{reference}, line {}, column {}", place.line, place.column), "")
        }
    };
    vec![
        Cell::code(path).note(key.doc),
        Cell::text(value.clone().unwrap_or_else(|| "–".to_owned())).class(if value.is_some() { "" } else { "quiet" }),
        Cell::text(source).class(class),
        Cell::text(key.default.unwrap_or("–")).class("quiet"),
        Cell::text(key.effect().as_str()),
    ]
}
