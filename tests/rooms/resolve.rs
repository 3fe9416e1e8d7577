//! From paths to arrows: which module defines what a module names.
//!
//! A table of contents passes names on, so an arrow through it ends at the file behind it, and it has no arrows of its
//! own. A path that leaves the crate is no arrow.

use std::collections::BTreeSet;

use crate::modules::{Modules, Place};

/// A module and a module that it uses.
pub(crate) type Arrow = (Place, Place);

/// Names may be passed on at most this often; more is a `use` that names itself.
const MAX_STEPS: usize = 16;

/// Every arrow between two modules of a crate.
pub(crate) fn arrows(modules: &Modules) -> BTreeSet<Arrow> {
    let mut arrows = BTreeSet::new();
    for (from, module) in modules.0.iter().filter(|(_, module)| !module.contents) {
        let targets = module.paths.iter().filter_map(|path| start(modules, from, path, 0));
        arrows.extend(targets.filter(|to| to != from).map(|to| (from.clone(), to)));
    }
    arrows.retain(|(_, to)| !modules.0[to].contents);
    arrows
}

/// The module behind a path that `from` names.
fn start(modules: &Modules, from: &Place, path: &[String], step: usize) -> Option<Place> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => walk(modules, Vec::new(), rest, step),
        "self" => walk(modules, from.clone(), rest, step),
        "super" => {
            let supers = path.iter().take_while(|segment| *segment == "super").count();
            let parent = from.get(..from.len().checked_sub(supers)?)?.to_vec();
            walk(modules, parent, path.get(supers..)?, step)
        }
        _ if modules.0.contains_key(&child(from, first)) => walk(modules, child(from, first), rest, step),
        _ => import(modules, from, first, rest, step),
    }
}

/// The module behind a path that starts inside `at`.
fn walk(modules: &Modules, at: Place, path: &[String], step: usize) -> Option<Place> {
    let Some((first, rest)) = path.split_first() else { return Some(at) };
    if modules.0.contains_key(&child(&at, first)) {
        return walk(modules, child(&at, first), rest, step);
    }
    let module = modules.0.get(&at)?;
    if module.contents { import(modules, &at, first, rest, step) } else { Some(at) }
}

/// The module behind a name that `at` has bound by a `use`.
fn import(modules: &Modules, at: &Place, name: &str, rest: &[String], step: usize) -> Option<Place> {
    let import = modules.0.get(at)?.imports.iter().find(|import| import.name == name && name != "*")?;
    let path = [import.path.as_slice(), rest].concat();
    if step < MAX_STEPS { start(modules, at, &path, step + 1) } else { None }
}

fn child(place: &Place, name: &str) -> Place {
    [place.as_slice(), &[name.to_owned()]].concat()
}

fn example(files: &[(&str, &str)]) -> Vec<String> {
    let arrows = arrows(&crate::modules::example(files));
    arrows.iter().map(|(from, to)| format!("{} -> {}", from.join("::"), to.join("::"))).collect()
}

#[test]
fn an_arrow_through_a_table_of_contents_ends_at_the_file_that_defines() {
    let found = example(&[
        ("lib.rs", "mod a; mod room; pub use room::B;"),
        ("a.rs", "use crate::{B, room}; fn f() { room::c::g(); std::fs::read(); }"),
        ("room/mod.rs", "mod b; pub mod c; pub use b::B;"),
        ("room/b.rs", "use super::c; pub struct B; fn f() { c::g() }"),
        ("room/c.rs", "pub fn g() {}"),
    ]);
    assert_eq!(found, ["a -> room::b", "a -> room::c", "room::b -> room::c"]);
}

#[test]
fn an_arrow_to_a_file_that_defines_things_beside_its_children_ends_there() {
    let found = example(&[
        ("lib.rs", "mod room;"),
        ("room/mod.rs", "mod b; use b::B; pub struct A(B);"),
        ("room/b.rs", "use super::A; pub struct B;"),
    ]);
    assert_eq!(found, ["room -> room::b", "room::b -> room"]);
}
