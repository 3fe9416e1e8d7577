//! What cannot change while the server runs: listen addresses, databases, the collector, the user of `[super_admin]`.
//!
//! Such a section keeps its running values as a whole, whatever else changes in it, and is reported until the server is
//! started again or the file says what runs. The public URL belongs to the listeners: it waits with them, so that
//! metadata never names a port that is not listened on. Everything else of the file is applied, in one publish.

use dropins_config::Deployment;

/// The section of the HTTPS listener, its certificate included.
pub const HTTPS: &str = "transport.https";

/// The key that says whether the server issues tokens itself.
const OAUTH: &str = "oauth";

/// The section of the user who is there from the start.
const SUPER_ADMIN: &str = "super_admin";

/// A section whose change waits for a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingRestart {
    /// The section, `transport.https`.
    pub section: &'static str,
    /// The line of its header in `deployment.toml`, counted from 1; none when it has no header of its own.
    pub line: Option<usize>,
}

impl std::fmt::Display for PendingRestart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}]", self.section)?;
        if let Some(line) = self.line {
            write!(f, " (deployment.toml:{line})")?;
        }
        f.write_str(match self.section {
            SUPER_ADMIN => {
                " changes nothing now: at a start it makes the user, if there is none of this name; \
                 `dropins user passwd` sets the password of one who is there"
            }
            OAUTH => " enabled = true needs a restart; until then no tokens are issued",
            _ => " needs a restart; until then its old values hold",
        })
    }
}

/// Puts the running values into the sections that cannot change, and names these.
pub fn hold_back(running: &Deployment, new: &mut Deployment) -> Vec<PendingRestart> {
    let mut held = Vec::new();
    let (old, next) = (&running.transport, &mut new.transport);
    let listens = |transport: &dropins_config::Transport| transport.https.as_ref().map(|https| https.listen);
    if listens(old) != listens(next) {
        next.https.clone_from(&old.https);
        held.push(HTTPS);
    }
    if old.http != next.http {
        next.http = old.http;
        held.push("transport.http");
    }
    if !held.is_empty() && running.server != new.server {
        new.server = running.server.clone();
        held.push("server");
    }
    if (old.admin.listen, old.admin.tls) != (next.admin.listen, next.admin.tls) {
        next.admin = old.admin.clone();
        held.push("transport.admin");
    }
    // Endpoints can go at any time, but they come with keys, users and pages that are opened at a start.
    if new.oauth.enabled && !running.oauth.enabled {
        new.oauth.enabled = false;
        held.push(OAUTH);
    }
    if authz_address(running) != authz_address(new) {
        new.transport.authz.clone_from(&running.transport.authz);
        held.push("transport.authz");
    }
    if running.database != new.database {
        new.database = running.database.clone();
        held.push("database.identity_db");
    }
    if running.replay_store != new.replay_store {
        new.replay_store = running.replay_store.clone();
        held.push("replay_store");
    }
    if running.telemetry != new.telemetry {
        new.telemetry.clone_from(&running.telemetry);
        held.push("telemetry");
    }
    if running.super_admin != new.super_admin {
        new.super_admin = running.super_admin.clone();
        held.push(SUPER_ADMIN);
    }
    let text = new.source.shown();
    let line = |section: &str| {
        let header = format!("[{section}]");
        text.lines().position(|line| line.trim_start().starts_with(&header)).map(|index| index + 1)
    };
    held.into_iter().map(|section| PendingRestart { section, line: line(section) }).collect()
}

/// Where proxies ask.
fn authz_address(deployment: &Deployment) -> Option<std::net::SocketAddr> {
    deployment.transport.authz.as_ref().map(|authz| authz.listen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_config::{Effect, Environment, KEYS, parse};

    fn read(text: &str) -> Deployment {
        parse(text, &Environment::default()).unwrap().0
    }

    #[test]
    fn what_can_change_is_not_held_back() {
        let running = read("");
        for text in [
            "[oauth]\ndetailed_errors = true",
            "[limits]\nmemory = \"8MiB\"",
            "[server]\nbase_path = \"https://is.example.com\"",
            "[transport.admin]\ntoken = \"t\"",
            "[transport]\ntrusted_proxies = [\"10.0.0.0/8\"]",
            "[logging]\nlevel = \"debug\"",
            "[[cache.manager]]\nname = \"PrivateKeyJWT\"\ncapacity = 7",
            "[transport.https]\ncertificate_file = \"c.pem\"\nprivate_key_file = \"k.pem\"",
        ] {
            let mut new = read(text);
            let wanted = new.clone();
            assert_eq!(hold_back(&running, &mut new), [], "{text}");
            assert_eq!(new, wanted, "{text}");
        }
    }

    #[test]
    fn the_schema_says_which_keys_wait() {
        let running = read("");
        for (path, text) in [
            ("transport.https.listen", "[transport.https]\nlisten = \"127.0.0.1:9555\""),
            ("transport.http.enabled", "[transport.http]\nenabled = true"),
            ("transport.admin.listen", "[transport.admin]\nlisten = \"127.0.0.1:9555\""),
            ("transport.admin.tls", "[transport.admin]\ntls = true"),
            ("transport.admin.token", "[transport.admin]\ntoken = \"t\""),
            ("database.identity_db.url", "[database.identity_db]\nurl = \"postgresql://u:p@h/d\""),
            ("replay_store.type", "[replay_store]\ntype = \"memory\""),
            ("super_admin.username", "[super_admin]\nusername = \"root\""),
            ("server.hostname", "[server]\nhostname = \"is.example.com\""),
            ("oauth.detailed_errors", "[oauth]\ndetailed_errors = true"),
            ("limits.memory", "[limits]\nmemory = \"8MiB\""),
        ] {
            let key = KEYS.iter().find(|key| key.path == path).unwrap();
            let waits = !hold_back(&running, &mut read(text)).is_empty();
            assert_eq!(waits, matches!(key.effect(), Effect::Restart | Effect::FirstStart), "{path}");
        }
    }

    #[test]
    fn a_section_that_needs_a_restart_is_held_back_as_a_whole_with_its_line() {
        let running = read("");
        let mut new =
            read("[oauth]\ndetailed_errors = true\n[transport.admin]\nlisten = \"127.0.0.1:9555\"\ntoken = \"t\"");
        let held = hold_back(&running, &mut new);
        assert_eq!(held, [PendingRestart { section: "transport.admin", line: Some(3) }]);
        assert_eq!(new.transport, running.transport, "the token belongs to the address");
        assert!(new.oauth.detailed_errors, "everything else is applied");
        assert!(held[0].to_string().contains("needs a restart"));

        let mut new = read("[replay_store]\ntype = \"memory\"");
        assert_eq!(hold_back(&running, &mut new), [PendingRestart { section: "replay_store", line: Some(1) }]);
    }

    #[test]
    fn another_super_admin_is_said_to_change_nothing_by_itself() {
        let running = read("[super_admin]\nusername = \"admin\"\npassword = \"a\"");
        for text in ["[super_admin]\nusername = \"admin\"\npassword = \"b\"", "[super_admin]\nusername = \"root\""] {
            let mut new = read(text);
            let held = hold_back(&running, &mut new);
            assert_eq!((held.len(), &new.super_admin), (1, &running.super_admin), "{text}");
            let said = held[0].to_string();
            assert!(said.starts_with("[super_admin] (deployment.toml:1) changes nothing now"), "{said}");
            assert!(said.contains("dropins user passwd") && !said.contains("needs a restart"), "{said}");
        }
    }

    #[test]
    fn a_gateway_issues_tokens_after_a_restart_and_a_server_stops_issuing_them_at_once() {
        let (gateway, server) = (read("[oauth]\nenabled = false"), read(""));
        let mut new = server.clone();
        let held = hold_back(&gateway, &mut new);
        assert!(held[0].to_string().contains("needs a restart") && !new.oauth.enabled, "{held:?}");
        let mut new = gateway.clone();
        assert_eq!(hold_back(&server, &mut new), []);
        assert!(!new.oauth.enabled);
    }

    #[test]
    fn proxies_ask_at_the_address_of_the_start_and_its_other_keys_are_live() {
        let authz = |lines: &str| read(&format!("[transport.authz]\nenabled = true\n{lines}"));
        let running = authz("");
        let mut moved = authz("listen = \"127.0.0.1:9555\"\ntoken = \"t\"");
        assert_eq!(hold_back(&running, &mut moved)[0].section, "transport.authz");
        assert_eq!(moved.transport.authz, running.transport.authz);
        let mut changed = authz("token = \"t\"");
        assert_eq!(hold_back(&running, &mut changed), []);
    }

    #[test]
    fn the_public_url_waits_for_the_listener_that_moved_with_it() {
        let running = read("");
        let text = "[server]\nbase_path = \"https://localhost:9555\"\n[transport.https]\nlisten = \"127.0.0.1:9555\"";
        let mut new = read(text);
        let sections: Vec<_> = hold_back(&running, &mut new).iter().map(|held| held.section).collect();
        assert_eq!(sections, ["transport.https", "server"]);
        assert_eq!((&new.server, &new.transport), (&running.server, &running.transport));
    }
}
