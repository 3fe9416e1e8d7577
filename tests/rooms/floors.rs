//! Floors inside a crate: a folder uses only folders on floors below its own.
//!
//! Folders of one floor do not know each other. A folder or file of the crate that lies on no floor is rejected.

use std::collections::BTreeSet;

use crate::modules::{Modules, Place};
use crate::resolve::Arrow;

/// Folders side by side, from below.
type Floors = &'static [&'static [&'static str]];

/// The crates that have floors.
pub(crate) const TABLE: &[(&str, Floors)] = &[
    ("host", &[&["contract"], &["run"], &["load"], &["trial"], &["shadow"], &["serve"]]),
    ("host/config", &[&["language"], &["schema"], &["sections"], &["endpoints", "parse"], &["home"]]),
    ("host/server", &[&["json", "rate_limits"], &["app"], &["http", "admin"], &["authz", "gateway"], &["running"]]),
];

/// A sentence for each arrow that points up or sideways.
pub(crate) fn wrong(floors: Floors, modules: &Modules, arrows: &BTreeSet<Arrow>) -> Vec<String> {
    let floor = |room: &str| floors.iter().position(|rooms| rooms.contains(&room));
    let rooms: BTreeSet<&String> = modules.0.keys().filter_map(|place| place.first()).collect();
    let homeless = rooms.into_iter().filter(|room| floor(room).is_none());
    let mut wrong: BTreeSet<String> = homeless.map(|room| format!("{room} lies on no floor")).collect();
    let name = |place: &Place| place.join("::");
    for (from, to) in arrows {
        let (Some(room), Some(used)) = (from.first(), to.first()) else { continue };
        if room != used && floor(room) <= floor(used) {
            wrong.insert(format!("{room} must not use {used} ({} -> {})", name(from), name(to)));
        }
    }
    wrong.into_iter().collect()
}

fn example(files: &[(&str, &str)]) -> Vec<String> {
    let modules = crate::modules::example(files);
    wrong(&[&["low", "beside"], &["high"]], &modules, &crate::resolve::arrows(&modules))
}

#[test]
fn a_folder_that_uses_a_folder_above_or_beside_it_is_found() {
    let root = ("lib.rs", "mod low; mod beside; mod high;");
    let found = example(&[
        root,
        ("low/mod.rs", "mod inner;"),
        ("low/inner.rs", "fn f() { crate::high::g(); crate::beside::h() }"),
        ("beside.rs", "pub fn h() {}"),
        ("high.rs", "pub fn g() {}"),
    ]);
    assert_eq!(found, ["low must not use beside (low::inner -> beside)", "low must not use high (low::inner -> high)"]);
}

#[test]
fn a_folder_may_use_folders_below_and_itself() {
    let found = example(&[
        ("lib.rs", "mod low; mod high;"),
        ("low/mod.rs", "mod a; mod b; pub use a::A;"),
        ("low/a.rs", "use super::b::B; pub struct A;"),
        ("low/b.rs", "pub struct B;"),
        ("high.rs", "use crate::low::A;"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_folder_on_no_floor_is_found() {
    assert_eq!(example(&[("lib.rs", "mod attic;"), ("attic.rs", "fn f() {}")]), ["attic lies on no floor"]);
}
