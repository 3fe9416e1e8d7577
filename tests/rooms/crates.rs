//! Arrows between crates: the `[dependencies]` of each member against a table.
//!
//! A crate may use the crates of its row and those that they may use. A member without a row is rejected. Development
//! dependencies are exempt.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Each package with the packages that it may use.
const TABLE: &[(&str, &[&str])] = &[
    ("dropins-services", &[]),
    ("dropins-strict-json", &[]),
    ("dropins-plugin", &["dropins-strict-json"]),
    ("dropins-components", &[]),
    ("client-secret-authenticator", &["dropins-plugin"]),
    ("private-key-jwt-authenticator", &["dropins-plugin"]),
    ("federated-jwt-authenticator", &["dropins-plugin"]),
    ("dropins-host", &["dropins-services"]),
    ("dropins-keys", &["dropins-services", "dropins-strict-json"]),
    ("dropins-fetch", &["dropins-keys"]),
    ("dropins-database", &["dropins-services"]),
    ("dropins-replay", &["dropins-services", "dropins-database"]),
    ("dropins-protocol", &["dropins-services"]),
    ("dropins-config", &["dropins-protocol", "dropins-fetch", "dropins-database"]),
    ("dropins-listener", &[]),
    ("dropins-store", &["dropins-protocol", "dropins-database"]),
    ("dropins-oauth", &["dropins-config", "dropins-store"]),
    ("dropins-gateway", &["dropins-config"]),
    ("dropins-telemetry", &["dropins-oauth", "dropins-store", "dropins-config", "dropins-replay", "dropins-host"]),
    ("dropins-live", &["dropins-gateway", "dropins-oauth", "dropins-replay", "dropins-host", "dropins-components"]),
    ("dropins-operations", &["dropins-telemetry", "dropins-live"]),
    ("dropins-reload", &["dropins-telemetry", "dropins-live"]),
    ("dropins-server", &["dropins-reload", "dropins-listener"]),
    ("dropins-console", &["dropins-operations", "dropins-server"]),
    ("dropins", &["dropins-console", "dropins-components"]),
];

/// A crate of the workspace.
pub(crate) struct Member {
    /// Its folder, from the root of the workspace.
    pub(crate) folder: String,
    name: String,
    uses: BTreeSet<String>,
}

/// Every member that the workspace's `Cargo.toml` lists.
pub(crate) fn members(workspace: &Path) -> Vec<Member> {
    let root = manifest(&workspace.join("Cargo.toml"));
    let folders = root["workspace"]["members"].as_array().unwrap();
    folders.iter().map(|folder| member(workspace, folder.as_str().unwrap())).collect()
}

fn member(workspace: &Path, folder: &str) -> Member {
    let manifest = manifest(&workspace.join(folder).join("Cargo.toml"));
    let name = manifest["package"]["name"].as_str().unwrap().to_owned();
    Member { folder: folder.to_owned(), name, uses: dependencies(&manifest) }
}

fn manifest(path: &Path) -> toml::Table {
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

/// What the package is built from, on any target.
fn dependencies(manifest: &toml::Table) -> BTreeSet<String> {
    let targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    let tables = std::iter::once(manifest).chain(targets.filter_map(toml::Value::as_table));
    let listed = tables.filter_map(|table| table.get("dependencies")?.as_table());
    listed.flat_map(toml::Table::keys).cloned().collect()
}

/// A sentence for each arrow that the table does not allow.
pub(crate) fn wrong(members: &[Member]) -> Vec<String> {
    let table: BTreeMap<_, _> = TABLE.iter().copied().collect();
    let mut wrong = Vec::new();
    for member in members {
        if !table.contains_key(member.name.as_str()) {
            wrong.push(format!("{} has no row in the table", member.name));
            continue;
        }
        let allowed = below(&member.name, &table);
        let used = member.uses.iter().filter(|used| table.contains_key(used.as_str()));
        let up = used.filter(|used| !allowed.contains(used.as_str()));
        wrong.extend(up.map(|used| format!("{} must not use {used}", member.name)));
    }
    wrong
}

fn below<'a>(name: &str, table: &BTreeMap<&str, &'a [&'a str]>) -> BTreeSet<&'a str> {
    let row = table[name];
    row.iter().copied().chain(row.iter().flat_map(|used| below(used, table))).collect()
}

fn example(name: &str, manifest: &str) -> Vec<String> {
    let uses = dependencies(&manifest.parse().unwrap());
    wrong(&[Member { folder: String::new(), name: name.to_owned(), uses }])
}

#[test]
fn a_crate_that_uses_a_crate_above_is_found() {
    let up = "[dependencies]\ndropins-oauth.workspace = true";
    assert_eq!(example("dropins-store", up), ["dropins-store must not use dropins-oauth"]);
    let on_linux = "[target.'cfg(target_os = \"linux\")'.dependencies]\ndropins-host.workspace = true";
    assert_eq!(example("dropins-keys", on_linux), ["dropins-keys must not use dropins-host"]);
}

#[test]
fn a_crate_may_use_its_row_and_what_lies_below_it_and_anything_in_tests() {
    let down = "[dependencies]\ndropins-database.workspace = true\ndropins-services.workspace = true\nserde = \"1\"";
    assert!(example("dropins-store", down).is_empty());
    assert!(example("dropins-store", "[dev-dependencies]\ndropins-oauth.workspace = true").is_empty());
}

#[test]
fn a_crate_without_a_row_is_found() {
    assert_eq!(example("dropins-new", ""), ["dropins-new has no row in the table"]);
}
