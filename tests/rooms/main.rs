//! Reads the imports of every crate of the workspace and rejects an arrow that points up.
//!
//! Crates use only what the table of `CONTRIBUTING.md` allows. Inside a crate no circle of imports exists among modules
//! (a module is a file), the folders of some crates lie on floors, and every file belongs to a module. Tests and test
//! helpers are exempt from the arrows; nothing else is.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests are named as sentences and fail by panicking"
)]

mod circles;
mod crates;
mod floors;
mod imports;
mod modules;
mod orphans;
mod resolve;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use modules::Modules;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The modules of a crate of the workspace.
fn modules_of(folder: &str) -> Modules {
    let src = workspace().join(folder).join("src");
    Modules::read(&|path| std::fs::read_to_string(src.join(path)).ok())
}

/// The files of a folder that end in `.rs`, by their path below `src`.
fn sources(src: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            sources(src, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.insert(path.strip_prefix(src).unwrap().to_owned(), std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn crates_use_only_the_crates_that_the_table_allows() {
    assert_none(&crates::wrong(&crates::members(&workspace())));
}

#[test]
fn no_modules_of_a_crate_import_each_other_in_a_circle() {
    let mut wrong = Vec::new();
    for member in crates::members(&workspace()) {
        let found = circles::wrong(&resolve::arrows(&modules_of(&member.folder)));
        wrong.extend(found.iter().map(|sentence| format!("{}: {sentence}", member.folder)));
    }
    assert_none(&wrong);
}

#[test]
fn folders_use_only_folders_on_floors_below() {
    let mut wrong = Vec::new();
    for (folder, floors) in floors::TABLE {
        let modules = modules_of(folder);
        let found = floors::wrong(floors, &modules, &resolve::arrows(&modules));
        wrong.extend(found.iter().map(|sentence| format!("{folder}: {sentence}")));
    }
    assert_none(&wrong);
}

#[test]
fn every_file_belongs_to_a_module() {
    let mut wrong = Vec::new();
    for member in crates::members(&workspace()) {
        let (src, mut files) = (workspace().join(&member.folder).join("src"), BTreeMap::new());
        sources(&src, &src, &mut files);
        wrong.extend(orphans::wrong(&files).iter().map(|sentence| format!("{}: {sentence}", member.folder)));
    }
    assert_none(&wrong);
}
