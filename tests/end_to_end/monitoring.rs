//! What is shipped for monitoring, against the metrics that a server has, and the configurations of `dist`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dropins_config::{Environment, parse};

use crate::home::TestHome;
use crate::program::{command, installed, run};
use crate::readme::page;
use crate::server::Server;

/// The names that begin with `dropins_`, apart from the labels of other metrics.
fn metrics(text: &str) -> BTreeSet<String> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let words = text.split(|character| !is_part(character));
    words.filter(|word| word.starts_with("dropins_")).map(str::to_owned).collect()
}

#[test]
fn every_metric_of_the_rules_and_the_dashboard_exists() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let answer = server.admin_get("/metrics").body;
    // What has not happened yet is missing there; another test holds the reference to what is served.
    let described = metrics(&page("docs/reference/metrics.md"));
    let shown = answer.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next());
    let families: BTreeSet<&str> = shown.chain(described.iter().map(String::as_str)).collect();
    assert!(families.len() > 30, "{families:?}");
    let endings = ["", "_total", "_info", "_bucket", "_sum", "_count"];
    let exists =
        |name: &str| endings.iter().any(|ending| name.strip_suffix(ending).is_some_and(|base| families.contains(base)));
    for file in
        ["dist/prometheus/dropins.rules.yaml", "dist/prometheus/dropins.tests.yaml", "dist/grafana/dropins.json"]
    {
        let named = metrics(&page(file));
        assert!(named.len() > 10, "{file}: {named:?}");
        let gone: Vec<_> = named.iter().filter(|name| !exists(name)).collect();
        assert!(gone.is_empty(), "{file} names metrics that are not there: {gone:?}");
    }
}

#[test]
fn the_page_for_alerts_says_what_to_do_about_each() {
    let (rules, answers) = (page("dist/prometheus/dropins.rules.yaml"), page("docs/how-to/respond-to-alerts.md"));
    let alerts: Vec<_> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 10);
    for alert in alerts {
        assert!(answers.contains(&format!("\n## {alert}\n")), "{alert} has no section");
        assert!(
            rules.contains(&format!("respond-to-alerts.md#{}\n", alert.to_lowercase())),
            "{alert} names no section"
        );
    }
}

#[test]
fn promtool_accepts_the_rules_and_their_tests() {
    if !installed(&["promtool"]) {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist/prometheus");
    for arguments in [["check", "rules", "dropins.rules.yaml"], ["test", "rules", "dropins.tests.yaml"]] {
        run(command("promtool").args(arguments).current_dir(&folder)).succeeded();
    }
}

#[test]
fn the_configurations_that_are_shipped_have_no_mistake() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["database_password", "admin_password", "admin_token"] {
        fs::write(folder.path().join(name), "a-secret-of-this-test\n").unwrap();
    }
    let environment = Environment::new(Path::new("/var/lib/dropins"), [], []).with_credentials_of(folder.path());
    for file in ["dist/container/deployment.toml", "dist/kubernetes/base/deployment.toml"] {
        let parsed = parse(&page(file), &environment);
        let (deployment, notices) = parsed.unwrap_or_else(|problems| panic!("{}", problems.render(file, false)));
        assert!(notices.is_empty(), "{file}: {notices:?}");
        assert_eq!(deployment.listeners.len(), 2, "{file}");
    }
}
