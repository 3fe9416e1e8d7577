//! `dropins migrate wso2`: files of our own in the shape of WSO2 Identity Server, with keystores that keytool makes.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::database_server::{Engine, TestDatabase};
use crate::documentation::{CLIENT_ID, assertion, make_keys, shell};
use crate::home::TestHome;
use crate::program::{Finished, installed};
use crate::server::Server;

/// The secret of the client `orders`.
const SECRET: &str = "rgfKVdnMQnJ0CYVWOK9F7_w7zAAa";

/// Columns of the table in every release since 5.9, and those that came later.
const COLUMNS: &str = "ID, CONSUMER_KEY, CONSUMER_SECRET, USERNAME, TENANT_ID, USER_DOMAIN, APP_NAME, OAUTH_VERSION, \
                       CALLBACK_URL, GRANT_TYPES, PKCE_MANDATORY, PKCE_SUPPORT_PLAIN, APP_STATE";

/// A client with a key in the keystore, one with a secret, one with a hashed secret, one of another tenant, one without a
/// grant of this server.
fn clients() -> [String; 5] {
    let row = |id: u8, key: &str, secret: &str, tenant: &str, grants: &str| {
        format!(
            "({id}, '{key}', {secret}, 'admin', {tenant}, 'PRIMARY', 'app {id}', 'OAuth-2.0', \
             'regexp=(https://a.example/cb|https://b.example/cb)', '{grants}', '0', '0', 'ACTIVE')"
        )
    };
    let hash = "'{\"algorithm\":\"SHA-256\",\"hash\":\"5e88\"}'";
    [
        row(1, CLIENT_ID, hash, "-1234", "client_credentials"),
        row(2, "orders", &format!("'{SECRET}'"), "-1234", "client_credentials password"),
        row(3, "hashed", hash, "-1234", "client_credentials"),
        row(4, "foreign", "'s'", "1", "client_credentials"),
        row(5, "implicit", "'s'", "-1234", "implicit"),
    ]
}

fn create() -> String {
    let columns: Vec<_> = COLUMNS
        .split(", ")
        .map(|column| {
            let kind = match column {
                "ID" | "TENANT_ID" => "INTEGER",
                "PKCE_MANDATORY" | "PKCE_SUPPORT_PLAIN" => "CHAR(1)",
                _ => "VARCHAR(2048)",
            };
            format!("{column} {kind}")
        })
        .collect();
    format!("CREATE TABLE IDN_OAUTH_CONSUMER_APPS ({});", columns.join(", "))
}

/// The same rows in each kind of file.
fn dumps() -> [(&'static str, String); 4] {
    let rows = clients().join(",\n");
    let inserts = clients().map(|row| format!("INSERT INTO public.idn_oauth_consumer_apps VALUES {row};")).join("\n");
    let quoted = |row: &String| {
        let fields = row.trim_matches(['(', ')']).split(", ").map(|field| match field {
            "-1234" | "1" => field.to_owned(),
            text => format!("\"{}\"", text.trim_matches('\'').replace('"', "\"\"")),
        });
        fields.collect::<Vec<_>>().join(",")
    };
    let h2 = create().replace("CREATE TABLE IDN", "CREATE CACHED TABLE \"PUBLIC\".IDN");
    [
        (
            "h2.sql",
            format!("-- H2 2.2.224;\n{h2}\nINSERT INTO \"PUBLIC\".\"IDN_OAUTH_CONSUMER_APPS\" VALUES\n{rows};\n"),
        ),
        ("postgres.sql", format!("-- PostgreSQL database dump\nSET a = on;\n{}\n{inserts}\n", create().to_lowercase())),
        (
            "mysql.sql",
            format!("-- MySQL dump 10.13\n{}\nINSERT INTO `IDN_OAUTH_CONSUMER_APPS` VALUES {rows};\n", create()),
        ),
        ("apps.csv", format!("{}\n{}\n", COLUMNS.replace(", ", ","), clients().each_ref().map(quoted).join("\n"))),
    ]
}

/// The folder of the old server.
struct Old {
    folder: PathBuf,
    home: TestHome,
}

impl Old {
    /// With this configuration, and the keystores of a new installation in which a client has its certificate.
    fn new(home: &TestHome, deployment: &str, kind: &str, ending: &str) -> Option<Self> {
        if !installed(&["keytool", "openssl"]) {
            return None;
        }
        let old = Self { folder: home.path("wso2is"), home: home.clone() };
        let security = old.folder.join("repository/resources/security");
        fs::create_dir_all(&security).unwrap();
        fs::create_dir_all(old.folder.join("repository/conf")).unwrap();
        fs::write(old.folder.join("repository/conf/deployment.toml"), deployment).unwrap();
        make_keys(home);
        let keystore = security.join(format!("wso2carbon.{ending}"));
        for line in [
            "keytool -genkeypair -alias wso2carbon -keyalg RSA -keystore <store> -storetype <type> -storepass wso2carbon \
             -keypass wso2carbon -dname CN=localhost,O=WSO2",
            "keytool -importcert -alias <client_ID> -file pubcert.pem -keystore <store> -storepass wso2carbon -noprompt",
        ] {
            let line = line.replace("<store>", keystore.to_str().unwrap()).replace("<type>", kind);
            shell(&home.conf(""), &line.replace("<client_ID>", CLIENT_ID)).succeeded();
        }
        Some(old)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let file = self.folder.join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }

    fn migrate(&self, arguments: &[&str]) -> Finished {
        self.home.dropins(&[&["migrate", "wso2", self.folder.to_str().unwrap()], arguments].concat())
    }
}

/// `id result` of every client.
fn results(report: &Value) -> Vec<String> {
    let clients = report["clients"].as_array().unwrap().iter();
    clients
        .map(|client| format!("{} {}", client["client_id"].as_str().unwrap(), client["result"].as_str().unwrap()))
        .collect()
}

fn expected(registered: &str) -> Vec<String> {
    let words = [(CLIENT_ID, registered), ("orders", registered)];
    let left = ["hashed", "foreign", "implicit"].map(|id| (id, "left_out"));
    words.into_iter().chain(left).map(|(id, result)| format!("{id} {result}")).collect()
}

/// The configuration with which a home of the tests serves.
fn deployment(home: &TestHome) -> String {
    format!(
        "[server]\nhostname = \"localhost\"\nbase_path = \"{}\"\n[transport.https]\nlisten = \"{}\"\n\
         [transport.admin]\nlisten = \"{}\"\n[keystore.primary]\nfile_name = \"wso2carbon.jks\"\npassword = \"wso2carbon\"\n\
         [user_store]\ntype = \"database_unique_id\"\n[[event_listener]]\nid = \"x\"\ntype = \"org.wso2.carbon.identity.core.\
         handler.AbstractIdentityHandler\"\nname = \"org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.\
         PrivateKeyJWTClientAuthenticator\"\norder = \"10\"\n",
        home.issuer(),
        home.https,
        home.admin
    )
}

#[test]
fn a_home_of_wso2_is_served_here_with_its_clients_by_key_and_by_secret() {
    let home = TestHome::new();
    let Some(old) = Old::new(&home, &deployment(&home), "JKS", "jks") else { return };
    let dump = old.file("apps.sql", &dumps()[0].1);
    let before = home.deployment();
    let dry = old.migrate(&["--clients", &dump, "--dry-run", "--json"]).succeeded().json();
    assert_eq!((results(&dry), dry["dry_run"].as_bool()), (expected("registered"), Some(true)));
    assert_eq!(home.deployment(), before, "nothing was written");

    let report = old.migrate(&["--clients", &dump, "--json"]).succeeded().json();
    assert_eq!(results(&report), expected("registered"));
    let reason = |at: usize| report["clients"][at]["reason"].as_str().unwrap().to_owned();
    assert!(reason(2).contains("kept as a hash") && reason(2).contains("dropins client add hashed"), "{}", reason(2));
    assert!(reason(3).contains("tenant 1") && reason(4).contains("implicit"));
    assert_eq!(fs::read_to_string(report["saved"].as_str().unwrap()).unwrap(), before);
    assert_eq!(results(&old.migrate(&["--clients", &dump, "--json"]).succeeded().json()), expected("exists"));

    home.dropins(&["check"]).succeeded();
    let server = Server::start(&home);
    server.authenticate(&assertion(&home, "10003")).token();
    let secret = |secret| {
        server.post(&[("grant_type", "client_credentials"), ("client_id", "orders"), ("client_secret", secret)])
    };
    secret(SECRET).token();
    secret("wrong").error(401, "invalid_client");
}

#[test]
fn every_kind_of_dump_leads_to_the_same_clients() {
    let home = TestHome::new();
    let Some(old) = Old::new(&home, &deployment(&home), "JKS", "jks") else { return };
    for (name, text) in dumps() {
        let file = old.file(name, &text);
        let report = old.migrate(&["--clients", &file, "--dry-run", "--json"]).succeeded().json();
        assert_eq!(results(&report), expected("registered"), "{name}");
    }
    let other = old.file("other.sql", "CREATE TABLE X (A INTEGER);");
    old.migrate(&["--clients", &other]).failed(&["other.sql has no table IDN_OAUTH_CONSUMER_APPS"]);
}

#[test]
fn the_files_of_every_release_since_5_9_are_taken_over() {
    let releases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/src/schema/wso2");
    let mut files: Vec<_> = fs::read_dir(releases).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    assert!(files.len() >= 7, "{files:?}");
    for file in files {
        let home = TestHome::new();
        let text = fs::read_to_string(&file).unwrap().replace("a-password-of-our-own", "wso2carbon");
        let (kind, ending) = if text.contains("wso2carbon.p12") { ("PKCS12", "p12") } else { ("JKS", "jks") };
        let Some(old) = Old::new(&home, &text, kind, ending) else { return };
        let dump = old.file("apps.sql", &dumps()[1].1);
        let report = old.migrate(&["--clients", &dump, "--json"]).succeeded().json();
        assert_eq!(results(&report), expected("registered"), "{}", file.display());
        let migrated = home.deployment();
        assert!(migrated.contains("client_secret_authenticator.wasm"), "{}", file.display());
        assert!(!migrated.contains("\n[database.identity_db]\nurl"), "{migrated}");
        assert_eq!(report["keystores"].as_array().unwrap().len(), 1, "{report}");
    }
}

#[test]
fn the_database_of_the_old_server_is_only_read() {
    for engine in [Engine::Postgres, Engine::Mariadb] {
        let Some(database) = TestDatabase::new(engine) else { return };
        let home = TestHome::new();
        let toml = database.toml(&database.url());
        let section = toml.split("[replay_store]").next().unwrap();
        let Some(old) = Old::new(&home, &format!("{}\n{section}", deployment(&home)), "JKS", "jks") else { return };
        database.execute(&create());
        for row in clients() {
            database.execute(&format!("INSERT INTO IDN_OAUTH_CONSUMER_APPS VALUES {row};"));
        }
        let report = old.migrate(&["--database", "--json"]).succeeded().json();
        assert_eq!(results(&report), expected("registered"), "{engine:?}");
        // The tests share a server.
        let own = if engine == Engine::Mariadb { "DATABASE()" } else { "current_schema()" };
        let tables = database.execute(&format!(
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = {own} AND \
             (table_name LIKE '%ROPINS%' OR table_name LIKE '%ropins%');"
        ));
        assert_eq!(tables.trim(), "0", "{engine:?}");
        assert!(home.deployment().contains("# [database.identity_db]"), "{}", home.deployment());
    }
}

#[test]
fn what_keeps_a_migration_from_being_right_is_said_before_anything_is_written() {
    let home = TestHome::new();
    let before = home.deployment();
    home.dropins(&["migrate", "wso2", "/nowhere"])
        .failed(&["/nowhere/repository/conf/deployment.toml", "DIR is the folder"]);
    let Some(old) = Old::new(&home, "[server]\nhostnam = \"localhost\"\n", "JKS", "jks") else { return };
    old.migrate(&[]).failed(&["deployment.toml:2:1", "hostname"]);
    let old = Old { folder: old.folder, home: home.clone() };
    fs::write(old.folder.join("repository/conf/deployment.toml"), "[server]\nhostname = \"localhost\"\n").unwrap();
    old.migrate(&["--database"]).failed(&["names no PostgreSQL", "--clients"]);
    assert_eq!(home.deployment(), before);
    let report = old.migrate(&["--json"]).succeeded().json();
    assert!(report["to_do"].to_string().contains("the clients were not read"), "{report}");
    home.append("[[service_provider]]\nclient_id = \"a\"\ngrant_types = [\"client_credentials\"]\n");
    old.migrate(&[]).failed(&["declares clients"]);
}
