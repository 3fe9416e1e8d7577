//! The keystores of the home: listed, viewed, a certificate imported, exported, removed.
//!
//! A private key is listed by its certificate alone, and neither shown, nor exported, nor removed here.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use dropins_keys::keystore::{CertificateView, Entry, EntryKind, Keystore, certificate_pem, day, instant};
use dropins_operations::keystores::{KeystoreFault, KeystoreFile, Which, remarks, without_alias};
use dropins_services::printable;

use crate::desk::Desk;
use crate::journal::note;
use crate::operator::Operator;
use crate::page::{Frame, Part, done, link, page, refused, tell};
use crate::posted::{FORM, Posted};
use crate::session::Notice;
use crate::table::{Cell, Table, View};

const HERE: &str = "/console/keystores";

#[derive(Template)]
#[template(path = "keystores.html")]
struct KeystoresPage {
    frame: Frame,
    stores: Table,
}

#[derive(Template)]
#[template(path = "keystore.html")]
struct KeystorePage {
    frame: Frame,
    store: &'static str,
    path: String,
    kind: String,
    entries: Table,
    note: Option<String>,
}

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    frame: Frame,
    store: &'static str,
    back: String,
    /// As the file spells it.
    name: String,
    /// As it may be printed.
    alias: String,
    kind: String,
    created: Option<String>,
    chain: Vec<Vec<(&'static str, String)>>,
    remarks: Vec<String>,
    pem: Option<String>,
    der: Option<String>,
    removable: bool,
}

/// The word for a keystore in an address.
fn word(which: Which) -> &'static str {
    match which {
        Which::Primary => "primary",
        Which::Trust => "trust",
    }
}

fn title(which: Which) -> &'static str {
    match which {
        Which::Primary => "Primary keystore",
        Which::Trust => "Truststore",
    }
}

/// The keystore that a word means; the primary one without a word.
fn meant(text: &str) -> Which {
    if text == word(Which::Trust) { Which::Trust } else { Which::Primary }
}

fn address(which: Which) -> String {
    link("/console/keystores/view", &[("store", word(which))])
}

fn address_of(which: Which, alias: &str, path: &str) -> String {
    link(path, &[("store", word(which)), ("alias", alias)])
}

fn file(desk: &Desk, which: Which) -> Result<KeystoreFile, KeystoreFault> {
    let live = desk.live();
    KeystoreFile::configured(&live.resources.home, &live.deployment, which)
}

/// Works on a keystore off the runtime: it derives keys and writes files.
async fn work<T: Send + 'static>(
    desk: &Desk,
    which: Which,
    work: impl FnOnce(&KeystoreFile) -> Result<T, KeystoreFault> + Send + 'static,
) -> Result<T, String> {
    let file = file(desk, which).map_err(|error| error.to_string())?;
    let worked = tokio::task::spawn_blocking(move || work(&file)).await.map_err(|error| error.to_string())?;
    worked.map_err(|error| error.to_string())
}

fn now(desk: &Desk) -> i64 {
    i64::try_from(desk.now()).unwrap_or(i64::MAX)
}

pub(crate) async fn get(State(desk): State<Arc<Desk>>, operator: Operator) -> Response {
    let mut rows = Vec::new();
    for which in Which::ALL {
        let name = Cell::text(title(which));
        rows.push(match work(&desk, which, |file| Ok((file.path.clone(), file.open()?))).await {
            Ok((path, store)) => vec![
                name.linked(address(which)),
                Cell::code(path.display().to_string()),
                Cell::text(store.kind().to_string()),
                Cell::number(store.entries().len() as u64),
            ],
            // A store that is configured is made by the first import.
            Err(reason) if file(&desk, which).is_ok() => {
                vec![name.linked(address(which)), Cell::text(reason).class("bad")]
            }
            Err(reason) => vec![name, Cell::text(reason).class("quiet")],
        });
    }
    let labels = ["Name", "File", "Type", "Entries"];
    let stores = Table::plain("Keystores", &labels, rows, "");
    page(&KeystoresPage { frame: Frame::of(&desk, &operator, Part::Keystores), stores })
}

pub(crate) async fn view(State(desk): State<Arc<Desk>>, operator: Operator, uri: Uri) -> Response {
    let view = View::of(&uri);
    let which = meant(view.text("store"));
    let path = match file(&desk, which) {
        Ok(file) => file.path.display().to_string(),
        Err(error) => return refused(&desk, &operator, HERE, error),
    };
    let (kind, rows, note) = match work(&desk, which, |file| Ok(file.open()?)).await {
        Ok(store) => (store.kind().to_string(), rows(&store, which, now(&desk)), without_alias(&store)),
        Err(reason) => (String::new(), Vec::new(), Some(reason)),
    };
    let labels = ["Alias", "Subject DN", "Issuer DN", "Not after", "Serial number"];
    let empty = "The keystore holds no entry.";
    let entries = Table::sorted(&view, "/console/keystores/view", "Available certificates", &labels, rows, empty);
    let frame = Frame::of(&desk, &operator, Part::Keystores);
    page(&KeystorePage { frame, store: word(which), path, kind, entries, note })
}

fn rows(store: &Keystore, which: Which, now: i64) -> Vec<Vec<Cell>> {
    let row = |entry: &Entry| {
        let href = address_of(which, entry.alias(), "/console/keystores/entry");
        let mut row = vec![Cell::text(printable(entry.alias())).linked(href).note(entry.kind().to_string())];
        let certificate = entry.chain().first().and_then(|der| CertificateView::of(der));
        row.extend(certificate.into_iter().flat_map(|certificate| {
            [
                Cell::text(printable(&certificate.owner)),
                Cell::text(printable(&certificate.issuer)),
                Cell::by(instant(certificate.not_after).to_string(), certificate.not_after)
                    .class(if certificate.not_after < now { "bad" } else { "" }),
                Cell::code(certificate.serial),
            ]
        }));
        row
    };
    store.entries().iter().map(row).collect()
}

pub(crate) async fn entry(State(desk): State<Arc<Desk>>, operator: Operator, uri: Uri) -> Response {
    let view = View::of(&uri);
    let (which, alias) = (meant(view.text("store")), view.text("alias").to_owned());
    let entry = match work(&desk, which, move |file| file.entry(&file.open()?, &alias)).await {
        Ok(entry) => entry,
        Err(error) => return refused(&desk, &operator, &address(which), error),
    };
    let export = |form: &str| {
        link("/console/keystores/export", &[("store", word(which)), ("alias", entry.alias()), ("form", form)])
    };
    let removable = entry.kind() == EntryKind::TrustedCertificate;
    let has_certificate = !entry.chain().is_empty();
    page(&EntryPage {
        frame: Frame::of(&desk, &operator, Part::Keystores),
        store: word(which),
        back: address(which),
        kind: entry.kind().to_string(),
        created: entry.created().map(|created| day(created).to_string()),
        chain: entry.chain().iter().filter_map(|der| CertificateView::of(der)).map(|one| facts(&one)).collect(),
        remarks: remarks(&entry, now(&desk)),
        pem: has_certificate.then(|| export("pem")),
        der: has_certificate.then(|| export("der")),
        removable,
        name: entry.alias().to_owned(),
        alias: printable(entry.alias()),
    })
}

fn facts(certificate: &CertificateView) -> Vec<(&'static str, String)> {
    vec![
        ("Subject DN", printable(&certificate.owner)),
        ("Issuer DN", printable(&certificate.issuer)),
        ("Serial number", certificate.serial.clone()),
        ("Not before", instant(certificate.not_before).to_string()),
        ("Not after", instant(certificate.not_after).to_string()),
        ("SHA-1", certificate.sha1.clone()),
        ("SHA-256", certificate.sha256.clone()),
        ("Signature algorithm", certificate.signature_algorithm.clone()),
        ("Public key", certificate.public_key.clone()),
    ]
}

pub(crate) async fn export(State(desk): State<Arc<Desk>>, operator: Operator, uri: Uri) -> Response {
    let view = View::of(&uri);
    let (which, alias, is_der) = (meant(view.text("store")), view.text("alias").to_owned(), view.text("form") == "der");
    let (entry, der) = match work(&desk, which, move |file| file.export(&alias)).await {
        Ok(found) => found,
        Err(error) => return refused(&desk, &operator, &address(which), error),
    };
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let name: String = entry.alias().chars().map(safe).take(100).collect();
    let (content, kind, extension) = if is_der {
        (der, "application/pkix-cert", "der")
    } else {
        (certificate_pem(&der).into_bytes(), "application/x-pem-file", "pem")
    };
    let disposition = format!("attachment; filename=\"{name}.{extension}\"");
    let disposition = HeaderValue::try_from(disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, content).into_response()
}

pub(crate) async fn import(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    let posted = match Posted::of(&operator, request, FORM).await {
        Ok(posted) => posted,
        Err(rejected) => return rejected,
    };
    let (which, alias, replace) = (meant(posted.text("store")), posted.text("alias"), posted.is_checked("replace"));
    let Some(bytes) = posted.content("certificate") else {
        return refused(&desk, &operator, &address(which), "Choose the file of a certificate, or paste its text.");
    };
    let (name, now) = (alias.to_owned(), now(&desk));
    match work(&desk, which, move |file| file.import(&name, &bytes, now, replace)).await {
        Ok(imported) => {
            note(&operator, "keystore-import", alias, Ok(()));
            let file = if imported.is_new { ", which is new" } else { "" };
            let text = format!("{} was imported into the {}{file}.", printable(imported.entry.alias()), title(which));
            let lines = remarks(&imported.entry, now).iter().map(|remark| format!("warning: {remark}")).collect();
            tell(&desk, &operator, &address(which), Notice { good: true, text, lines })
        }
        Err(reason) => {
            note(&operator, "keystore-import", alias, Err(&reason));
            refused(&desk, &operator, &address(which), format!("The certificate is not imported: {reason}"))
        }
    }
}

pub(crate) async fn remove(State(desk): State<Arc<Desk>>, operator: Operator, request: Request) -> Response {
    let posted = match Posted::of(&operator, request, FORM).await {
        Ok(posted) => posted,
        Err(rejected) => return rejected,
    };
    let (which, alias) = (meant(posted.text("store")), posted.text("alias").to_owned());
    let name = alias.clone();
    match work(&desk, which, move |file| file.remove(&name, false)).await {
        Ok(removed) => {
            note(&operator, "keystore-remove", &alias, Ok(()));
            let text = format!("{} was removed from the {}.", printable(removed.alias()), title(which));
            done(&desk, &operator, &address(which), text)
        }
        Err(reason) => {
            note(&operator, "keystore-remove", &alias, Err(&reason));
            refused(&desk, &operator, &address(which), reason)
        }
    }
}
