//! What became of requests: found by reference id, client and reason, and explained rule by rule.
//!
//! The running server keeps rejections in memory. Another request is looked up in the log, if it is in a file.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::Response;
use dropins_host::{Check, CheckState};
use dropins_live::advice;
use dropins_operations::assertions::{Judged, judge as judge_assertion};
use dropins_operations::decisions::{logged, reference as reference_of};
use dropins_operations::shown::{span, utc};
use dropins_server::admin::decision_document;
use dropins_server::admin::documents::DecisionDocument;
use dropins_server::http::see_other;
use dropins_telemetry::decisions::DecisionRecord;

use crate::desk::Desk;
use crate::operator::Operator;
use crate::page::{Frame, Part, failure, link, page, refused};
use crate::posted::{FORM, Posted};
use crate::table::{Cell, Table, View};

const HERE: &str = "/console/decisions";
/// Requests that a page sorts.
const MOST: usize = 11_000;

#[derive(Template)]
#[template(path = "decisions.html")]
struct DecisionsPage {
    frame: Frame,
    client: String,
    reason: String,
    decisions: Table,
}

#[derive(Template)]
#[template(path = "decision.html")]
struct DecisionPage {
    frame: Frame,
    title: String,
    verdict: String,
    accepted: bool,
    facts: Vec<(&'static str, String)>,
    rules: Vec<Rule>,
    log: Vec<String>,
}

/// A rule as it is shown.
struct Rule {
    state: &'static str,
    class: &'static str,
    rule: String,
    reason: String,
    details: Vec<(&'static str, String)>,
}

pub(crate) async fn get(State(desk): State<Arc<Desk>>, operator: Operator, uri: Uri) -> Response {
    let view = View::of(&uri);
    if !view.text("reference").is_empty() {
        return see_other(&link("/console/decisions/show", &[("reference", view.text("reference"))]));
    }
    let (client, reason) = (view.text("client").to_owned(), view.text("reason").to_owned());
    let rows = desk.handles.services.decisions.search(&client, &reason, MOST);
    let labels = ["Time", "Reference", "Client", "Outcome", "Reason", "Plug-in", "Address"];
    let empty = "No rejected request is kept that fits.";
    let rows = rows.iter().map(row).collect();
    let decisions = Table::sorted(&view, HERE, "Rejected requests, the newest first", &labels, rows, empty);
    page(&DecisionsPage { frame: Frame::of(&desk, &operator, Part::Decisions), client, reason, decisions })
}

fn row(record: &DecisionRecord) -> Vec<Cell> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![
        Cell::by(utc(record.time), i64::try_from(record.time).unwrap_or(i64::MAX)),
        Cell::code(&record.reference).linked(link("/console/decisions/show", &[("reference", &record.reference)])),
        Cell::text(text(&record.client)),
        Cell::text(&record.outcome),
        Cell::code(text(&record.reason)),
        Cell::text(text(&record.plugin)),
        Cell::text(record.address.map(|address| address.to_string()).unwrap_or_default()),
    ]
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, operator: Operator, uri: Uri) -> Response {
    let view = View::of(&uri);
    let Some(reference) = reference_of(view.text("reference")) else {
        return refused(&desk, &operator, HERE, "A reference ID has 8 to 40 letters and digits.");
    };
    if let Some(document) = decision_document(&desk.handles.services, &reference).await {
        let live = desk.live();
        let rules = match &document.record.reason {
            Some(reason) => advice::rules(&live.generation, reason).await,
            None => Vec::new(),
        };
        return page(&DecisionPage {
            frame: Frame::of(&desk, &operator, Part::Decisions),
            verdict: document.record.reason.clone().unwrap_or_else(|| document.record.outcome.clone()),
            accepted: false,
            facts: facts(&document, desk.now()),
            rules: broken(&rules, &document.record),
            log: Vec::new(),
            title: reference,
        });
    }
    let live = desk.live();
    let (home, deployment, wanted) = (live.resources.home.clone(), live.deployment.clone(), reference.clone());
    let found = tokio::task::spawn_blocking(move || logged(&home, &deployment, &wanted)).await;
    match found {
        Ok(Ok(log)) => page(&DecisionPage {
            frame: Frame::of(&desk, &operator, Part::Decisions),
            title: reference,
            verdict: "in the log".to_owned(),
            accepted: true,
            facts: Vec::new(),
            rules: Vec::new(),
            log,
        }),
        Ok(Err(reason)) => {
            let text = format!("No rejected request with the reference {reference} is kept, and {reason}.");
            refused(&desk, &operator, HERE, text)
        }
        Err(error) => refused(&desk, &operator, HERE, error),
    }
}

fn facts(document: &DecisionDocument, now: u64) -> Vec<(&'static str, String)> {
    let DecisionDocument { record, rule, fix, note } = document;
    let rows = [
        ("Outcome", Some(record.outcome.clone())),
        ("Rule", rule.clone()),
        ("Expected", record.expected.clone()),
        ("Received", record.received.clone()),
        ("To fix it", fix.clone()),
        ("Note", note.clone()),
        ("Client", record.client.clone()),
        ("Grant", record.grant.clone()),
        ("Endpoint", record.endpoint.clone()),
        ("Address", record.address.map(|address| address.to_string())),
        ("Plug-in", record.shown_plugin()),
        ("Algorithm", record.algorithm.clone()),
        ("Key", record.shown_key()),
        ("Time", Some(format!("{}, {} ago", utc(record.time), span(now.saturating_sub(record.time))))),
    ];
    rows.into_iter().filter_map(|(title, text)| Some((title, text?))).collect()
}

/// The rules of a plug-in, which applies them in this order and stops at the first that is broken.
fn broken(rules: &[Check], record: &DecisionRecord) -> Vec<Rule> {
    let Some(place) = rules.iter().position(|rule| record.reason.as_deref() == Some(rule.reason.as_str())) else {
        return Vec::new();
    };
    let rule = |(index, check): (usize, &Check)| match index.cmp(&place) {
        std::cmp::Ordering::Less => Rule::new(check, CheckState::Passed, Vec::new()),
        std::cmp::Ordering::Greater => Rule::new(check, CheckState::NotReached, Vec::new()),
        std::cmp::Ordering::Equal => {
            let sides = [("expected", &record.expected), ("received", &record.received)];
            let sides = sides.into_iter().filter_map(|(title, text)| Some((title, text.clone()?)));
            Rule::new(check, CheckState::Failed, sides.chain([("to fix it", check.fix.clone())]).collect())
        }
    };
    rules.iter().enumerate().map(rule).collect()
}

impl Rule {
    fn new(check: &Check, state: CheckState, details: Vec<(&'static str, String)>) -> Self {
        let (state, class) = match state {
            CheckState::Passed => ("passed", "good"),
            CheckState::Failed => ("FAILED", "bad"),
            CheckState::NotReached => ("not reached", "quiet"),
        };
        Self { state, class, rule: check.rule.clone(), reason: check.reason.clone(), details }
    }
}

/// `POST /console/decisions/judge`: every rule, applied to an assertion, which is not consumed.
pub(crate) async fn judge(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    let posted = match Posted::of(&operator, request, FORM).await {
        Ok(posted) => posted,
        Err(rejected) => return rejected,
    };
    let live = desk.live();
    let Judged { decision, accepted, conclusion, note } = judge_assertion(&live, posted.text("assertion"), None).await;
    let frame = Frame::of(&desk, &operator, Part::Decisions);
    let frame = if accepted { frame } else { frame.telling(failure("The assertion is refused.")) };
    let rule = |check: &Check| {
        let sides = [("expected", &check.expected), ("received", &check.received), ("to fix it", &check.fix)];
        let sides = sides.into_iter().filter(|(_, text)| check.state == CheckState::Failed && !text.is_empty());
        Rule::new(check, check.state, sides.map(|(title, text)| (title, text.clone())).collect())
    };
    page(&DecisionPage {
        frame,
        title: "An assertion, judged".to_owned(),
        verdict: conclusion,
        accepted,
        facts: note.map(|note| ("Note", note)).into_iter().collect(),
        rules: decision.explanation.unwrap_or_default().iter().map(rule).collect(),
        log: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_before_the_broken_one_passed_and_those_after_it_were_not_reached() {
        let check = |reason: &str| Check {
            reason: reason.to_owned(),
            rule: reason.to_owned(),
            state: CheckState::NotReached,
            expected: String::new(),
            received: String::new(),
            fix: "fix".to_owned(),
        };
        let rules = [check("a"), check("b"), check("c")];
        let record = DecisionRecord {
            reason: Some("b".to_owned()),
            expected: Some("x".to_owned()),
            ..DecisionRecord::default()
        };
        let states: Vec<_> = broken(&rules, &record).iter().map(|rule| rule.state).collect();
        assert_eq!(states, ["passed", "FAILED", "not reached"]);
        assert_eq!(broken(&rules, &record)[1].details, [("expected", "x".to_owned()), ("to fix it", "fix".to_owned())]);
        assert!(broken(&rules, &DecisionRecord::default()).is_empty());
    }
}
