//! `[clustering]`: whether this server is one node of several.
//!
//! Nodes that do not share what they remember would each accept an assertion once, so several nodes are refused with a
//! replay store that belongs to one. How nodes find each other has no meaning here: they meet in the database.

use std::ops::Range;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::database::Database;
use crate::sections::replay::{self, ReplayStore};

const SCHEME: &str = "clustering.membership_scheme";
const MEMBERS: &str = "clustering.members";

/// Refuses what several nodes cannot share.
pub(super) fn check(settings: &Section, database: &Database, store: &ReplayStore, findings: &mut Findings) {
    let Some(declared) = several_nodes(settings) else { return };
    let help = "use type = \"postgre\" or \"mysql\" in [database.identity_db], or type = \"redis\" in [replay_store]";
    match (store, database) {
        (ReplayStore::Memory, _) => {
            let message = "the replay store `memory` belongs to one node, and [clustering] declares several: \
                           each of them would accept an assertion once";
            let problem = Problem::new(Code::Conflict, settings.span(replay::TYPE), replay::TYPE, message);
            findings.problem(problem.help("use type = \"identity_db\" with a database server, or type = \"redis\""));
        }
        (ReplayStore::IdentityDb, Database::Sqlite) => {
            let path = "database.identity_db.type";
            let span = if settings.has(path) { settings.span(path) } else { declared };
            let message = "the embedded database is a file of this node, and [clustering] declares several: \
                           each of them would accept an assertion once";
            findings.problem(Problem::new(Code::Conflict, span, path, message).help(help));
        }
        (ReplayStore::Redis(_), Database::Sqlite) => {
            let message = "the clients in the embedded database are those of this node; other nodes do not see them";
            findings.notice(&declared, "clustering", message);
        }
        (_, Database::Postgres(_) | Database::Mysql(_)) => {}
    }
}

/// Where several nodes are declared.
fn several_nodes(settings: &Section) -> Option<Range<usize>> {
    let scheme = settings.text(SCHEME).filter(|scheme| !scheme.eq_ignore_ascii_case("local"));
    if scheme.is_some() {
        return Some(settings.span(SCHEME));
    }
    (settings.words(MEMBERS).len() > 1).then(|| settings.span(MEMBERS))
}
