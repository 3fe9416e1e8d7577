//! What the pages of this repository name, held against what is there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::home::TestHome;
use crate::server::Server;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Appends every source file of a folder.
fn read_sources(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            read_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_guarantees_name_tests_that_are_there() {
    let readme = page("README.md");
    let (_, guarantees) = readme.split_once("## Guarantees").unwrap();
    let (guarantees, _) = guarantees.split_once("## Numbers").unwrap();
    let mut sources = String::new();
    ["tests", "host", "guest"].iter().for_each(|folder| read_sources(&repository().join(folder), &mut sources));
    let is_test = |name: &&str| name.matches('_').count() > 2;
    let gone: Vec<_> =
        quoted(guarantees).filter(is_test).filter(|name| !sources.contains(&format!("fn {name}()"))).collect();
    assert_eq!(gone, [""; 0], "tests that README.md names and nobody has");
}

#[test]
fn the_operators_page_has_every_metric_and_every_part_of_the_status() {
    let operating = page("host/server/docs/operating.md");
    let home = TestHome::new();
    let server = Server::start(&home);
    let metrics = server.admin_get("/metrics").body;
    let names = metrics.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next());
    for name in names {
        let forms = ["", "_total", "_info"].map(|ending| format!("`{name}{ending}`"));
        assert!(forms.iter().any(|form| operating.contains(form)), "{name} is missing");
    }
    let status = server.admin_get("/status").json();
    for member in status.as_object().unwrap().keys() {
        let described = quoted(&operating).any(|text| text.split(['.', '[']).next() == Some(member.as_str()));
        assert!(described, "{member} is missing");
    }
}
