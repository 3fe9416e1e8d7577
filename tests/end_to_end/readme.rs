//! What the pages of this repository promise, held against the code and the running server.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::home::TestHome;
use crate::server::Server;

/// Folders that hold pages besides the root.
const ROOMS: [&str; 5] = ["docs", "dist", "tests", "host", "guest"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn page(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

/// The texts between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The lines that are neither code nor rows of a table.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let outside = page.split("```").step_by(2);
    outside.flat_map(str::lines).filter(|line| !line.starts_with('|'))
}

/// Every file of a folder with this extension, except what programs leave there.
fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let foreign = ["target", "node_modules", "venv", ".venv", "corpus"].iter().any(|name| path.ends_with(name));
        if path.is_dir() && !foreign {
            files(&path, extension, found);
        } else if path.is_file() && path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
}

/// Every page of the repository.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    ROOMS.iter().for_each(|room| files(&repository().join(room), "md", &mut pages));
    let root = fs::read_dir(repository()).unwrap().map(|entry| entry.unwrap().path());
    pages.extend(root.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    pages
}

/// The files of this repository that a page links to, as the page writes them.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = targets.filter(|target| !target.contains("://")).filter_map(|target| target.split('#').next());
    files.filter(|file| !file.is_empty())
}

#[test]
fn the_guarantees_name_tests_and_files_that_are_there() {
    let page = page("tests/README.md");
    let (_, guarantees) = page.split_once("## Guarantees").unwrap();
    let mut sources = Vec::new();
    ["tests", "host", "guest"].iter().for_each(|room| files(&repository().join(room), "rs", &mut sources));
    let code: String = sources.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let exists = |name: &str| {
        let file = name.contains('/') || name.ends_with(".rs");
        let places = ["", "tests/end_to_end"].map(|folder| repository().join(folder).join(name));
        if file { places.iter().any(|place| place.exists()) } else { code.contains(&format!("fn {name}()")) }
    };
    let rows: Vec<_> = guarantees.lines().filter(|line| line.starts_with("| ")).collect();
    assert!(rows.len() > 40, "{} rows", rows.len());
    let proofs = rows.iter().filter_map(|row| row.split(" | ").nth(1)).filter(|proof| *proof != "proven by |");
    for proof in proofs.filter(|proof| !proof.starts_with("---")) {
        let gone: Vec<_> = quoted(proof).filter(|name| !exists(name)).collect();
        assert_eq!(gone, [""; 0], "tests/README.md names what is not there");
        assert!(quoted(proof).next().is_some(), "a guarantee without a test: {proof}");
    }
}

#[test]
fn the_first_page_is_two_screens_long() {
    let readme = page("README.md");
    assert!(readme.lines().count() <= 130, "{} lines", readme.lines().count());
    let long: Vec<_> = prose(&readme).filter(|line| line.chars().count() > 120).collect();
    assert_eq!(long, [""; 0], "lines of more than 120 characters");
}

#[test]
fn every_link_leads_to_a_file_and_the_index_leads_to_every_page() {
    let mut linked = BTreeSet::new();
    for from in pages() {
        for link in links(&fs::read_to_string(&from).unwrap()) {
            let target = from.parent().unwrap().join(link);
            assert!(target.exists(), "{} links to {link}, which is not there", from.display());
            if from.ends_with("docs/README.md") {
                linked.insert(target.canonicalize().unwrap());
            }
        }
    }
    let mut documents = Vec::new();
    files(&repository().join("docs"), "md", &mut documents);
    let documents = documents.iter().map(|path| path.canonicalize().unwrap());
    let lost: Vec<_> = documents.filter(|path| !path.ends_with("docs/README.md") && !linked.contains(path)).collect();
    assert!(lost.is_empty(), "docs/README.md does not link to {lost:?}");
}

#[test]
fn the_rooms_that_contributing_names_are_there() {
    let page = page("CONTRIBUTING.md");
    let rooms =
        quoted(&page).filter(|text| ["host/", "guest/", "tests/", "docs/"].iter().any(|at| text.starts_with(at)));
    // `<room>` is any of several.
    let folders = rooms.filter_map(|room| room.split(['<', '*']).next());
    let gone: Vec<_> = folders.filter(|folder| !repository().join(folder).exists()).collect();
    assert_eq!(gone, [""; 0], "CONTRIBUTING.md names what is not there");
}

#[test]
fn the_operators_pages_have_every_metric_and_every_part_of_the_status() {
    let (metrics, status) = (page("docs/reference/metrics.md"), page("docs/reference/status.md"));
    let home = TestHome::new();
    let server = Server::start(&home);
    let answer = server.admin_get("/metrics").body;
    let names = answer.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next());
    for name in names {
        let forms = ["", "_total", "_info"].map(|ending| format!("`{name}{ending}`"));
        assert!(forms.iter().any(|form| metrics.contains(form)), "{name} is missing");
    }
    for member in server.admin_get("/status").json().as_object().unwrap().keys() {
        let described = quoted(&status).any(|text| text.split(['.', '[']).next() == Some(member.as_str()));
        assert!(described, "{member} is missing");
    }
}
