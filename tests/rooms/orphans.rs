//! Files that no `mod` declares: the compiler and the lints never see them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A sentence for each such file among the files below `src`, by path.
pub(crate) fn wrong(files: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let orphans = files.keys().filter(|path| !is_root(path) && !is_declared(path, files));
    orphans.map(|path| format!("no module declares {}", path.display())).collect()
}

fn is_root(path: &Path) -> bool {
    path == Path::new("lib.rs") || path == Path::new("main.rs")
}

fn is_declared(path: &Path, files: &BTreeMap<PathBuf, String>) -> bool {
    let place = if path.ends_with("mod.rs") { path.parent().unwrap().to_owned() } else { path.with_extension("") };
    let folder = place.parent().unwrap();
    let parents = ["lib.rs", "main.rs", "mod.rs"].map(|name| folder.join(name)).into_iter();
    let declaration = format!("mod {};", place.file_name().unwrap().to_str().unwrap());
    parents
        .chain([folder.with_extension("rs")])
        .filter_map(|file| files.get(&file))
        .any(|text| text.contains(&declaration))
}

fn example(files: &[(&str, &str)]) -> Vec<String> {
    wrong(&files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect())
}

#[test]
fn a_file_that_no_module_declares_is_found() {
    let found = example(&[("lib.rs", "mod a;"), ("a/mod.rs", "mod c;"), ("b.rs", ""), ("a/d.rs", "mod c;")]);
    assert_eq!(found, ["no module declares a/d.rs", "no module declares b.rs"]);
}

#[test]
fn declared_files_are_accepted() {
    let files =
        [("lib.rs", "pub mod a;\nmod b;"), ("a/mod.rs", "mod c;"), ("a/c.rs", ""), ("b.rs", "mod d;"), ("b/d.rs", "")];
    assert_eq!(example(&files), [""; 0]);
}
