//! The audience that clients send, and what the strict mode would say: the report, the tools, and libraries of other people.

use serde_json::{Value, json};

use crate::client::TestClient;
use crate::home::TestHome;
use crate::keys::{generate, register};
use crate::program::{command, install_client, installed, run};
use crate::server::Server;

#[test]
fn clients_are_listed_by_the_audience_that_they_last_sent() {
    let home = TestHome::new();
    let [good, bad, silent] = ["good", "bad", "silent"].map(|id| TestClient::register(&home, id));
    let server = Server::start(&home);
    let empty = home.dropins(&["client", "audience", "--json"]).succeeded().json();
    assert_eq!(empty, json!({ "reported": true, "clients": [] }));
    assert!(!home.dropins(&["check"]).succeeded().stdout.contains("AudienceMode"));
    server.authenticate(&good.assertion().claim("aud", home.token_endpoint()).sign()).token();
    server.authenticate(&good.mint()).token();
    let both = json!([home.issuer(), home.token_endpoint()]);
    server.authenticate(&bad.assertion().claim("aud", both).sign()).token();
    server
        .authenticate(&silent.assertion().claim("aud", "https://elsewhere.example").sign())
        .error(401, "invalid_client");

    let report = home.dropins(&["client", "audience", "--json"]).succeeded().json();
    let clients = report["clients"].as_array().unwrap();
    let shown: Vec<_> = clients.iter().map(|sent| (sent["client_id"].clone(), sent["strict"].clone())).collect();
    assert_eq!(shown, [("bad".into(), false.into()), ("good".into(), true.into())]);
    let [issuer, endpoint] = [home.issuer(), home.token_endpoint()];
    assert_eq!(clients[0]["audience"], format!("[\"{issuer}\", \"{endpoint}\"]"));
    let table = home.dropins(&["client", "audience"]).succeeded().stdout;
    assert!(table.contains("would reject 1 of the 2 clients"), "{table}");
    let check = home.dropins(&["check"]).succeeded().stdout;
    assert!(check.contains("would reject 1 of the 2 clients") && check.contains("dropins client audience"), "{check}");
    let metrics = server.admin_get("/metrics").body;
    for (result, count) in [("accepted", 1), ("rejected", 2)] {
        let line = format!("dropins_audience_strict_total{{result=\"{result}\"}} {count}\n");
        assert!(metrics.contains(&line), "`{line}` in\n{metrics}");
    }

    home.replace("# AudienceMode = \"strict\"", "AudienceMode = \"strict\"");
    home.dropins(&["reload"]).succeeded();
    server.authenticate(&bad.assertion().claim("aud", json!([issuer, endpoint])).sign()).error(401, "invalid_client");
    server.authenticate(&good.mint()).token();
    home.replace("AudienceReport = \"strict\"\n", "");
    home.dropins(&["reload"]).succeeded();
    assert_eq!(home.dropins(&["client", "audience", "--json"]).succeeded().json()["reported"], false);
}

/// Where the table is that the test below makes.
const PAGE: &str = include_str!("../../docs/how-to/move-to-the-strict-audience.md");

#[test]
fn the_table_of_the_audiences_that_libraries_send_is_right() {
    if !installed(&["node", "npm", "python3"]) {
        return;
    }
    let (Some(node), Some(python)) = (install_client("node"), install_client("python")) else { return };
    let home = TestHome::new();
    let libraries = ["openid-client 6", "openid-client 5", "oauth4webapi 3", "Authlib 1", "requests_oauth2client 1"];
    let clients: serde_json::Map<String, Value> = libraries
        .iter()
        .enumerate()
        .map(|(number, library)| {
            let id = format!("client-{number}");
            generate(&home, &id, "p-256");
            register(&home, &id, "jwks_file", &format!("{id}.jwks.json"));
            let key_file = home.conf(&format!("{id}-private.pem"));
            ((*library).to_owned(), json!({ "client_id": id, "key_file": key_file }))
        })
        .collect();
    let job = home.path("job.json");
    let text = json!({ "issuer": home.issuer(), "authority": home.authority(), "clients": clients }).to_string();
    std::fs::write(&job, text).unwrap();
    let _server = Server::start(&home);
    let mut script = command("node");
    run(script.current_dir(&node).arg("audience.mjs").arg(&job).env("NODE_EXTRA_CA_CERTS", home.authority()))
        .succeeded();
    run(command(python.join("venv/bin/python")).arg(python.join("audience.py")).arg(&job)).succeeded();

    let report = home.dropins(&["client", "audience", "--json"]).succeeded().json();
    let row = |(number, library): (usize, &&str)| {
        let id = format!("client-{number}");
        let sent = report["clients"].as_array().unwrap().iter().find(|sent| sent["client_id"] == *id).unwrap();
        let audience = sent["audience"].as_str().unwrap();
        let audience = audience.replace(&format!("\"{}\"", home.token_endpoint()), "the token endpoint");
        let audience = audience.replace(&format!("\"{}\"", home.issuer()), "the issuer");
        let strict = if sent["strict"] == true { "accepts" } else { "rejects" };
        format!("| {library} | {audience} | {strict} |")
    };
    let rows: Vec<String> = libraries.iter().enumerate().map(row).collect();
    for row in &rows {
        assert!(
            PAGE.contains(row.as_str()),
            "docs/how-to/move-to-the-strict-audience.md must have\n{}",
            rows.join("\n")
        );
    }
}
