//! Used assertions on real database servers: what `check` announces, what `serve` does, and outages.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::client::TestClient;
use crate::database_server::{Engine, TestDatabase};
use crate::home::TestHome;
use crate::program::Finished;
use crate::server::Server;
use crate::servers::{PASSWORD, Proxy, Traffic, USER};
use crate::wait::until;

/// An answer is due after two seconds; a debug build on a busy machine gets more. Without a time-out of ours, a silent
/// database would never answer.
const BOUND: Duration = Duration::from_secs(30);

/// Runs a case on every kind of server that is installed.
fn on_every_server(case: impl Fn(TestDatabase)) {
    Engine::ALL.into_iter().filter_map(TestDatabase::new).for_each(case);
}

/// A home that keeps used assertions at this URL, with a client that may use it.
fn home_at(database: &TestDatabase, url: &str) -> (TestHome, TestClient) {
    let home = TestHome::new();
    database.configure_by(&home, url);
    let client = TestClient::register(&home, "app");
    (home, client)
}

/// The failure is one paragraph that names the address, and never the password.
#[track_caller]
fn fails_to_reach(finished: Finished, address: &str) {
    let finished = finished.failed(&["cannot be reached", address, "start it, or correct the address"]);
    let errors = finished.stderr.lines().filter(|line| line.starts_with("error")).count();
    assert_eq!(errors, 1, "{finished:?}");
    assert!(!finished.stderr.contains(PASSWORD) && !finished.stderr.contains("panicked"), "{finished:?}");
}

#[test]
fn an_assertion_is_accepted_once_by_all_nodes_of_a_database_and_never_after_a_crash() {
    on_every_server(|database| {
        let (home, client) = home_at(&database, &database.url());
        let one = Server::start(&home);
        let other_home = home.moved();
        let two = Server::start(&other_home);
        let assertion = client.mint();
        one.authenticate(&assertion).token();
        for server in [&two, &one] {
            server.authenticate(&assertion).error(401, "invalid_client");
        }
        drop(one);
        let one = Server::start(&other_home.moved());
        one.authenticate(&assertion).error(401, "invalid_client");
        one.authenticate(&client.mint()).token();
    });
}

#[test]
fn a_table_of_wso2_is_announced_by_check_and_converted_by_serve_with_its_rows() {
    for (engine, soon) in [
        (Engine::Postgres, "timezone('UTC', now()) + interval '5 minutes'"),
        (Engine::Mariadb, "NOW() + INTERVAL 5 MINUTE"),
    ] {
        for tenants in [true, false] {
            let Some(database) = TestDatabase::new(engine) else { continue };
            let (column, key, value) = match tenants {
                true => ("TENANT_ID INTEGER NOT NULL,", "JWT_ID, TENANT_ID", ", -1234"),
                false => ("", "JWT_ID", ""),
            };
            database.execute(&format!(
                "CREATE TABLE IDN_OIDC_JTI (JWT_ID VARCHAR(255) NOT NULL, {column} EXP_TIME TIMESTAMP NOT NULL,
                     TIME_CREATED TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY ({key}));
                 INSERT INTO IDN_OIDC_JTI (JWT_ID{}, EXP_TIME) VALUES ('inherited'{value}, {soon})",
                if tenants { ", TENANT_ID" } else { "" },
            ));
            let (home, client) = home_at(&database, &database.url());
            let inherited = client.assertion().claim("jti", "inherited").sign();

            // A second check says the same: neither the first nor an explanation has changed anything.
            for _ in 0..2 {
                let checked = home.dropins(&["check"]).succeeded();
                let announced = "database: serve will convert the table IDN_OIDC_JTI of WSO2 Identity Server";
                assert!(checked.stdout.contains(announced), "{checked:?}");
                assert!(
                    checked.stdout.contains("keeping its 1 rows") && !checked.stdout.contains(PASSWORD),
                    "{checked:?}"
                );
                let explained = home.dropins(&["assertion", "explain", &inherited]).succeeded();
                assert!(explained.stderr.contains("was used is not known"), "{explained:?}");
            }

            let server = Server::start(&home);
            server.authenticate(&inherited).error(401, "invalid_client");
            server.authenticate(&client.mint()).token();
            let rows = "SELECT count(*) FROM IDN_OIDC_JTI WHERE JWT_ID = 'inherited' AND CLIENT_ID = ''";
            assert_eq!(database.execute(rows), "1");
            assert!(!home.dropins(&["check"]).succeeded().stdout.contains("database:"));
            home.dropins(&["assertion", "explain", &inherited]).failed(&[]);
        }
    }
}

#[test]
fn check_says_that_it_would_make_the_tables_and_does_not_make_them() {
    for engine in [Engine::Postgres, Engine::Mariadb] {
        let Some(database) = TestDatabase::new(engine) else { continue };
        let (home, _) = home_at(&database, &database.url());
        for _ in 0..2 {
            let document = home.dropins(&["check", "--json"]).succeeded().json();
            let changes = document["database"].as_array().unwrap();
            assert_eq!(changes.len(), 2, "{document}");
            for (change, begins) in changes.iter().zip(["make the table IDN_OIDC_JTI", "make the identity tables"]) {
                assert!(change.as_str().unwrap().starts_with(begins), "{document}");
            }
        }
    }
}

#[test]
fn a_jdbc_url_of_wso2_leads_to_the_same_schema() {
    let Some(database) = TestDatabase::new(Engine::Postgres) else { return };
    database.execute("CREATE SCHEMA is_identity");
    let url = database.url();
    let (_, place) = url.split_once('@').unwrap();
    let parameters = format!("user={USER}&password={PASSWORD}&currentSchema=is_identity&ApplicationName=wso2");
    let (home, client) = home_at(&database, &format!("jdbc:postgresql://{place}?{parameters}"));
    let checked = home.dropins(&["check"]).succeeded();
    assert!(checked.stdout.contains("without meaning here: ApplicationName\n"), "{checked:?}");
    let server = Server::start(&home);
    server.authenticate(&client.mint()).token();
    assert_eq!(database.execute("SELECT count(*) FROM is_identity.IDN_OIDC_JTI"), "1");
}

#[test]
fn a_database_that_cannot_be_reached_stops_every_verb_that_needs_it_with_one_paragraph() {
    on_every_server(|database| {
        let port = crate::home::free_address().port();
        let (home, client) = home_at(&database, &database.url_by(port));
        let address = format!("127.0.0.1:{port}");
        fails_to_reach(home.dropins(&["check"]), &address);
        fails_to_reach(home.dropins(&["serve"]), &address);
        fails_to_reach(home.dropins(&["assertion", "explain", &client.mint()]), &address);
        let document = home.dropins(&["check", "--json"]);
        assert_eq!((document.code, &document.json()["ok"]), (Some(1), &false.into()));
    });
}

#[test]
fn an_address_that_only_the_driver_can_judge_is_wrong_at_its_place() {
    let home = TestHome::new();
    let sections = "[database.identity_db]\ntype = \"sqlite\"\n";
    let url = format!("\"postgresql://dropins:{PASSWORD}@127.0.0.1/identity?nonsense=1\"");
    home.replace(sections, &format!("[database.identity_db]\ntype = \"postgre\"\nurl = {url}\n"));
    for verb in ["check", "serve"] {
        let place = format!("deployment.toml:{}", home.position(&url));
        let refused = home.dropins(&[verb]).failed(&[&place, "nonsense"]);
        assert!(!refused.stderr.contains(PASSWORD), "{refused:?}");
    }
}

#[test]
fn what_one_node_keeps_is_rejected_where_several_are_declared() {
    let several = "[clustering]\nmembership_scheme = \"wka\"\nmembers = [\"127.0.0.1:4000\", \"127.0.0.1:4001\"]\n";
    let embedded = TestHome::new();
    embedded.append(several);
    embedded.dropins(&["serve"]).failed(&["the embedded database is a file of this node", "deployment.toml:"]);
    let forgetful = TestHome::new();
    forgetful.append(several).replace("type = \"identity_db\"", "type = \"memory\"");
    let place = format!("deployment.toml:{}", forgetful.position("\"memory\""));
    forgetful.dropins(&["serve"]).failed(&["`memory` belongs to one node", &place, "help:"]);
}

#[test]
fn check_warns_when_the_expected_assertions_outgrow_the_stated_size() {
    let home = TestHome::new();
    assert!(!home.dropins(&["check"]).succeeded().stdout.contains("rows of IDN_OIDC_JTI"));
    home.replace("type = \"identity_db\"", "type = \"identity_db\"\nexpected_rate = 100000\nsize_limit = \"2GiB\"");
    let checked = home.dropins(&["check"]).succeeded();
    assert!(checked.stdout.contains("warning: 100000 assertions a second"), "{checked:?}");
}

/// While the database is down: no token, an answer in time, and status, log and metrics say so. Then all is as before.
fn survives_an_outage(server: &Server, client: &TestClient, begin: impl FnOnce(), end: impl FnOnce()) {
    let used = client.mint();
    server.authenticate(&used).token();
    begin();
    for assertion in [client.mint(), client.mint()] {
        let asked = Instant::now();
        let answer = server.authenticate(&assertion);
        assert!(asked.elapsed() < BOUND, "{:?}", asked.elapsed());
        answer.error(503, "temporarily_unavailable");
    }
    let ready = server.admin_get("/readyz");
    assert_eq!(ready.status, 503, "{ready:?}");
    assert!(ready.body.contains("replay store is unavailable") && !ready.body.contains(PASSWORD), "{ready:?}");
    assert_eq!(server.admin_get("/healthz").status, 200, "the process itself is well");
    let metrics = server.admin_get("/metrics").body;
    assert!(metrics.contains("dropins_ready 0") && metrics.contains("dropins_replay_store_info"), "{metrics}");
    assert_eq!(server.admin_get("/status").json()["ready"], false);

    end();
    until("the server is ready again", || (server.admin_get("/readyz").status == 200).then_some(()));
    until("a token is given again", || (server.authenticate(&client.mint()).status == 200).then_some(()));
    server.authenticate(&used).error(401, "invalid_client");
}

#[test]
fn while_the_database_is_down_nothing_is_accepted_and_afterwards_all_goes_on_without_a_restart() {
    for database in Engine::ALL.into_iter().filter_map(TestDatabase::on_own_server) {
        let (home, client) = home_at(&database, &database.url());
        let server = Server::start(&home);
        survives_an_outage(&server, &client, || database.crash(), || database.restart());
    }
}

#[test]
fn a_database_that_does_not_answer_or_hangs_up_is_down() {
    on_every_server(|database| {
        let proxy = Proxy::to(database.port());
        let (home, client) = home_at(&database, &database.url_by(proxy.port()));
        let server = Server::start(&home);
        for traffic in [Traffic::Clogged, Traffic::LosesAnswers, Traffic::Cut] {
            survives_an_outage(&server, &client, || proxy.set(traffic), || proxy.set(Traffic::Flows));
        }
    });
}

#[test]
fn a_primary_that_is_switched_is_down_until_the_address_leads_to_the_new_one() {
    for database in Engine::ALL.into_iter().filter_map(TestDatabase::on_pair) {
        let proxy = Proxy::to(database.port());
        let (home, client) = home_at(&database, &database.url_by(proxy.port()));
        let server = Server::start(&home);
        let primary = Cell::new(0);
        survives_an_outage(&server, &client, || primary.set(database.switch()), || proxy.lead_to(primary.get()));
    }
}

#[test]
fn tls_to_the_database_verifies_it_and_a_rejection_says_what_to_do() {
    on_every_server(|database| {
        let (home, client) = home_at(&database, &database.tls_url());
        Server::start(&home).authenticate(&client.mint()).token();
        for url in database.untrusted_urls() {
            let (home, _) = home_at(&database, &url);
            for verb in ["check", "serve"] {
                let refused = home.dropins(&[verb]).failed(&["is not trusted", "certificate", "sslrootcert"]);
                assert!(!refused.stderr.contains(PASSWORD), "{refused:?}");
            }
        }
    });
}

#[test]
fn metrics_and_status_show_the_store() {
    for (engine, kind) in [(Engine::Postgres, "postgresql"), (Engine::Mariadb, "mysql"), (Engine::Redis, "redis")] {
        let Some(database) = TestDatabase::new(engine) else { continue };
        let (home, client) = home_at(&database, &database.url());
        let server = Server::start(&home);
        let assertion = client.mint();
        server.authenticate(&assertion).token();
        server.authenticate(&assertion).error(401, "invalid_client");
        let metrics = server.admin_get("/metrics").body;
        for line in [
            format!("dropins_replay_store_info{{kind=\"{kind}\"}} 1"),
            "dropins_replay_rows 1".to_owned(),
            "dropins_replay_bytes ".to_owned(),
            "dropins_replay_cache_hit_ratio 0.5".to_owned(),
            "dropins_replay_purged_total 0".to_owned(),
            "dropins_replay_purge_seconds_total ".to_owned(),
        ] {
            assert!(metrics.contains(&line), "`{line}` is missing in\n{metrics}");
        }
        let status = server.admin_get("/status");
        let replay = status.json()["replay"].clone();
        assert_eq!((&replay["kind"], &replay["rows"]), (&kind.into(), &1.into()), "{replay}");
        assert!(replay["place"].as_str().unwrap().contains("127.0.0.1") && !status.body.contains(PASSWORD), "{replay}");
    }
}

#[test]
fn check_warns_of_a_server_that_does_not_wait_for_its_disk() {
    let Some(database) = TestDatabase::new(Engine::Mariadb) else { return };
    let (home, _) = home_at(&database, &database.url());
    database.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 2");
    let lazy = home.dropins(&["check"]);
    database.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
    let shown = lazy.succeeded().stdout;
    assert!(shown.contains("warning: the replay store ") && shown.contains("a power failure"), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");
    assert!(!home.dropins(&["check"]).succeeded().stdout.contains("a power failure"));
}
