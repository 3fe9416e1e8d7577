//! Reads the imports of every crate of the workspace and rejects an arrow that points up.
//!
//! Crates use only what the table of `CONTRIBUTING.md` allows. Inside a crate no circle of imports exists among modules
//! (a module is a file), and the folders of some crates lie on floors. Tests and test helpers are exempt; nothing else is.
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
mod resolve;

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
