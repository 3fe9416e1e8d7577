//! Which plug-ins a listener entry means.
//!
//! An entry names a plug-in by a name, an alias or a file. A file that works as a shadow answers to no name: it has the
//! name of the plug-in that it is to replace.

use dropins_services::{Binding, Listener};

use crate::load::candidate::{Candidate, Validated};

/// The plug-ins that a binding means, given the files that work as shadows. An entry needs exactly one.
pub fn bound_plugins<'a>(binding: &Binding, shadows: &[&str], plugins: &'a [Validated]) -> Vec<&'a Validated> {
    let means = |plugin: &&Validated| match binding {
        Binding::Name(name) => plugin.description().answers_to(name) && !shadows.contains(&plugin.file()),
        Binding::File(file) => plugin.file() == file,
    };
    plugins.iter().filter(means).collect()
}

/// The candidates that a listener entry or a shadow needs; the others need not be compiled.
pub fn named_candidates<'a>(listeners: &[Listener], candidates: &'a [Candidate]) -> Vec<&'a Candidate> {
    let shadows: Vec<&str> = listeners.iter().filter_map(|listener| listener.shadow.as_deref()).collect();
    let named = |candidate: &&Candidate| {
        let names = candidate.names();
        shadows.contains(&candidate.file())
            || listeners.iter().any(|listener| match &listener.binding {
                Binding::Name(name) => names.contains(name),
                Binding::File(file) => candidate.file() == file,
            })
    };
    candidates.iter().filter(named).collect()
}
