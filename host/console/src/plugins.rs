//! The plug-ins: what decides in which order and how it fares; a component installed, a generation returned to.

use std::path::PathBuf;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::Response;
use dropins_config::LoadedHome;
use dropins_host::{BreakerState, Candidate, Digest, ShadowCounts};
use dropins_operations::plugins::{Folder, Installed, PluginsError, Serving, install as put};
use dropins_operations::shown::{short, span, utc};
use dropins_reload::{ReloadReport, Target, Trigger};
use dropins_server::admin::documents::{DiffDocument, LivePlugin, ShadowState, StatusDocument};
use dropins_server::admin::{differences, status_document};

use crate::desk::Desk;
use crate::journal::note;
use crate::operator::Operator;
use crate::page::{Frame, Part, link, page, refused, tell};
use crate::posted::{FORM, File, Posted};
use crate::session::Notice;
use crate::table::{Cell, Table, View};

const HERE: &str = "/console/plugins";

#[derive(Template)]
#[template(path = "plugins.html")]
struct PluginsPage {
    frame: Frame,
    live: Table,
    shadows: Table,
    has_shadows: bool,
    failures: Vec<(String, String)>,
    inactive: Table,
    names: Vec<String>,
    generations: Vec<Kept>,
}

/// A generation that can be returned to.
struct Kept {
    number: u64,
    published: String,
    in_flight: u64,
    state: &'static str,
    is_live: bool,
}

#[derive(Template)]
#[template(path = "diff.html")]
struct DiffPage {
    frame: Frame,
    name: String,
    digest: String,
    shadow: String,
    counts: Option<ShadowCounts>,
    differences: Table,
}

async fn status(desk: &Desk) -> StatusDocument {
    let handles = &desk.handles;
    status_document(&handles.services, handles.reloader.record(), &handles.home.root).await
}

pub(crate) async fn get(State(desk): State<Arc<Desk>>, operator: Operator) -> Response {
    let status = status(&desk).await;
    let shadows: Vec<_> = status.plugins.iter().filter_map(shadow).collect();
    let failed = |plugin: &LivePlugin| {
        let last = plugin.last_failure.as_ref()?;
        Some((format!("{} failed last ({})", plugin.name, last.kind.as_str()), last.message.clone()))
    };
    let inactive = status.inactive.iter().map(|plugin| {
        let name = plugin.name.clone().unwrap_or_default();
        vec![Cell::code(&plugin.file), Cell::text(name), Cell::code(short(&plugin.digest))]
    });
    page(&PluginsPage {
        frame: Frame::of(&desk, &operator, Part::Plugins),
        live: live(&desk, &status).await,
        has_shadows: !shadows.is_empty(),
        shadows: Table::plain(
            "Shadows: candidates that decide nothing",
            &["Beside", "File", "State", "Same", "Different", "Failed", "Skipped"],
            shadows,
            "",
        ),
        failures: status.plugins.iter().filter_map(failed).collect(),
        inactive: Table::plain(
            "Components that no enabled listener names",
            &["File", "Name", "Digest"],
            inactive.collect(),
            "Every component in the folder is named by an enabled listener.",
        ),
        names: status.plugins.iter().map(|plugin| plugin.name.clone()).collect(),
        generations: generations(&status),
    })
}

async fn live(desk: &Desk, status: &StatusDocument) -> Table {
    let folder = desk.live().resources.home.dropins();
    let files: Vec<_> = status.plugins.iter().map(|plugin| (folder.join(&plugin.file), plugin.digest)).collect();
    let holds = |(path, digest): &(PathBuf, Digest)| {
        Candidate::read(path, u64::MAX - 1).is_ok_and(|component| component.digest() == *digest)
    };
    let held = tokio::task::spawn_blocking(move || files.iter().map(holds).collect::<Vec<_>>()).await;
    let held = held.unwrap_or_default().into_iter().chain(std::iter::repeat(true));
    let rows = status.plugins.iter().zip(held).map(|(plugin, same)| {
        let (state, class) = breaker(&plugin.breaker);
        let file = if same { plugin.file.clone() } else { format!("{} holds other bytes", plugin.file) };
        vec![
            Cell::by(plugin.order.to_string(), plugin.order).class("number"),
            Cell::text(&plugin.name).note(file).class(if same { "" } else { "bad" }),
            Cell::text(&plugin.version).note(short(&plugin.digest)),
            Cell::text(plugin.methods.join(" ")),
            Cell::number(plugin.calls),
            Cell::number(plugin.failures),
            Cell::number(plugin.refused),
            Cell::text(state).class(class),
        ]
    });
    let labels = ["Order", "Plug-in", "Version", "Methods", "Calls", "Failures", "Refused", "Breaker"];
    Table::plain("Plug-ins in the order in which they are asked", &labels, rows.collect(), "No plug-in is enabled.")
}

/// The words for the state of a circuit breaker, and their look.
pub(crate) fn breaker(state: &BreakerState) -> (String, &'static str) {
    match state {
        BreakerState::Closed => ("closed".to_owned(), "good"),
        BreakerState::Open { retry_in_ms } => (format!("open, next try in {} s", retry_in_ms.div_ceil(1000)), "bad"),
        BreakerState::HalfOpen => ("half open".to_owned(), "bad"),
    }
}

fn shadow(plugin: &LivePlugin) -> Option<Vec<Cell>> {
    let beside = Cell::text(&plugin.name).linked(link("/console/plugins/diff", &[("name", &plugin.name)]));
    Some(match plugin.shadow.as_ref()? {
        ShadowState::Running { file, requests, .. } => vec![
            beside,
            Cell::code(file),
            Cell::text("running").class("good"),
            Cell::number(requests.same),
            Cell::number(requests.different),
            Cell::number(requests.failed),
            Cell::number(requests.skipped),
        ],
        ShadowState::NotRunning { file, reason } => {
            vec![Cell::text(&plugin.name), Cell::code(file), Cell::text(reason).class("bad")]
        }
    })
}

fn generations(status: &StatusDocument) -> Vec<Kept> {
    let kept = status.reload.generations.iter().map(|kept| Kept {
        number: kept.generation,
        published: format!("{} ago", span(status.time.saturating_sub(kept.published_at))),
        in_flight: kept.in_flight,
        state: match (kept.generation == status.generation, kept.withdrawn) {
            (true, _) => "live",
            (false, true) => "rolled back from",
            (false, false) => "kept",
        },
        is_live: kept.generation == status.generation,
    });
    kept.collect()
}

pub(crate) async fn diff(State(desk): State<Arc<Desk>>, operator: Operator, uri: Uri) -> Response {
    let view = View::of(&uri);
    let live = desk.live();
    let DiffDocument { name, digest, shadow, differences } = match differences(&live.generation, view.text("name")) {
        Ok(document) => document,
        Err(reason) => return refused(&desk, &operator, HERE, reason),
    };
    let (shadow, counts) = match shadow {
        ShadowState::Running { file, name, digest, requests } => {
            (format!("{name} {} ({file})", short(&digest)), Some(requests))
        }
        ShadowState::NotRunning { file, reason } => (format!("{file}: {reason}"), None),
    };
    let rows = differences.iter().map(|difference| {
        let at = difference.at / 1000;
        vec![
            Cell::by(utc(at), i64::try_from(at).unwrap_or_default()),
            Cell::code(&difference.reference)
                .linked(link("/console/decisions/show", &[("reference", &difference.reference)])),
            Cell::text(difference.live.to_string()),
            Cell::text(difference.candidate.to_string()),
        ]
    });
    let labels = ["Time", "Reference", "Live", "Shadow"];
    let differences = Table::sorted(
        &view,
        "/console/plugins/diff",
        "The last differences",
        &labels,
        rows.collect(),
        "No difference.",
    );
    let digest = short(&digest);
    page(&DiffPage { frame: Frame::of(&desk, &operator, Part::Plugins), name, digest, shadow, counts, differences })
}

pub(crate) async fn install(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    let most = desk.live().deployment.limits.component_size;
    let most = usize::try_from(most).unwrap_or(usize::MAX).saturating_add(FORM);
    let posted = match Posted::of(&operator, request, most).await {
        Ok(posted) => posted,
        Err(rejected) => return rejected,
    };
    let Some(file) = posted.file("component") else {
        return refused(&desk, &operator, HERE, "Choose the file of a component.");
    };
    let notice = match try_and_put(&desk, file).await {
        Ok(installed) => {
            note(&operator, "plugin-install", &installed.name, Ok(()));
            let report = desk.handles.reloader.reload(Trigger::Command).await;
            installed_notice(&installed, &report)
        }
        Err(error) => {
            let reason = error.to_string();
            note(&operator, "plugin-install", &file.name, Err(&reason));
            let why = match error {
                PluginsError::Unfit(_) | PluginsError::Candidate(_) => ": the trial rejected it",
                _ => "",
            };
            let lines = reason.lines().map(str::to_owned).collect();
            Notice { good: false, text: format!("{} is not installed{why}.", file.name), lines }
        }
    };
    tell(&desk, &operator, HERE, notice)
}

async fn try_and_put(desk: &Desk, file: &File) -> Result<Installed, PluginsError> {
    let (live, handles) = (desk.live(), &desk.handles);
    let home = live.resources.home.clone();
    // As the command line does: what is tried is what the file says now.
    let deployment = LoadedHome::read_with(&home, handles.environment.clone()).ok().map(|read| read.deployment);
    let folder = Folder::with(home, deployment, live.resources.engine.clone())?;
    let plugins = status(desk).await.plugins;
    let serving = plugins.into_iter().map(|plugin| Serving {
        shadow: plugin.shadow.map(|shadow| shadow.file().to_owned()),
        name: plugin.name,
        file: plugin.file,
    });
    let candidate = Candidate::new(&*file.name, file.bytes.clone());
    put(&folder, &file.name, candidate, &serving.collect::<Vec<_>>(), false).await
}

fn installed_notice(installed: &Installed, report: &ReloadReport) -> Notice {
    let Installed { name, version, digest, path, entry, .. } = installed;
    let mut lines = vec![
        "trial: validated, bound to its listener entries, passed the canary".to_owned(),
        format!("digest: {digest}"),
        format!("file: {}", path.display()),
    ];
    if let Some(entry) = entry {
        lines.push("no enabled listener names it; to use it, add to deployment.toml:".to_owned());
        lines.extend(entry.lines().map(str::to_owned));
    }
    lines.extend(verdict(report));
    Notice { good: report.is_good(), text: format!("Installed {name} {version}."), lines }
}

/// A verdict about the folders, one line each.
fn verdict(report: &ReloadReport) -> Vec<String> {
    let ReloadReport { needs_restart, warnings, reason, .. } = report;
    let reason = reason.iter().flat_map(|reason| reason.lines()).map(str::to_owned);
    let warnings = warnings.iter().map(|warning| format!("warning: {warning}"));
    [report.summary()].into_iter().chain(reason).chain(needs_restart.iter().cloned()).chain(warnings).collect()
}

fn verdict_notice(report: &ReloadReport) -> Notice {
    let mut lines = verdict(report);
    let text = if lines.is_empty() { String::new() } else { lines.remove(0) };
    Notice { good: report.is_good(), text, lines }
}

pub(crate) async fn reload(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    if let Err(rejected) = Posted::of(&operator, request, FORM).await {
        return rejected;
    }
    let report = desk.handles.reloader.reload(Trigger::Command).await;
    note(&operator, "reload", "", outcome(&report));
    tell(&desk, &operator, HERE, verdict_notice(&report))
}

pub(crate) async fn roll_back(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    let posted = match Posted::of(&operator, request, FORM).await {
        Ok(posted) => posted,
        Err(rejected) => return rejected,
    };
    let (target, object) = match (posted.text("generation"), posted.text("plugin")) {
        ("", "") => (Some(Target::Previous), "previous".to_owned()),
        ("", plugin) => (Some(Target::Plugin(plugin.to_owned())), plugin.to_owned()),
        (number, _) => (number.parse().ok().map(Target::Generation), format!("generation {number}")),
    };
    let Some(target) = target else { return refused(&desk, &operator, HERE, "A generation is a number.") };
    let report = desk.handles.reloader.roll_back(target).await;
    note(&operator, "rollback", &object, outcome(&report));
    tell(&desk, &operator, HERE, verdict_notice(&report))
}

fn outcome(report: &ReloadReport) -> Result<(), &str> {
    if report.is_good() { Ok(()) } else { Err(report.reason.as_deref().unwrap_or("refused")) }
}
