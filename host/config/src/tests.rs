//! The configuration from the outside: text in, deployment or problems out.

use std::path::Path;
use std::time::Duration;

use dropins_database::ServerUrl;
use proptest::prelude::*;

use super::*;
use dropins_protocol::{Secret, TokenAlgorithm};

fn environment() -> Environment {
    let variables = [("APP_SECRET", "s3cr3t-from-env"), ("PORT", "70000")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Environment::new(Path::new("/home/of/dropins"), variables, [("my.host".to_owned(), "is.example.com".to_owned())])
}

/// The same with a credential.
fn with_credential(name: &str, value: &str) -> Environment {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), value).unwrap();
    environment().with_credentials_of(folder.path())
}

fn read(text: &str) -> (Deployment, Vec<Notice>) {
    parse(text, &environment()).unwrap_or_else(|problems| panic!("{}", problems.render("deployment.toml", false)))
}

/// `line:column code message | help` of every problem.
fn faults(text: &str) -> Vec<String> {
    let Err(problems) = parse(text, &environment()) else { return Vec::new() };
    let rendered = problems.render("deployment.toml", false);
    let shown = |problem: &Problem| {
        let position = problems.position(problem);
        assert!(rendered.contains(&format!("deployment.toml:{position}")), "{position} is missing in\n{rendered}");
        let help = problem.help.clone().unwrap_or_default();
        format!("{position} {} {} | {help}", problem.code.as_str(), problem.message)
    };
    problems.iter().map(shown).collect()
}

/// The text has exactly one problem, and its line has all of these parts.
#[track_caller]
fn refused(text: &str, parts: &[&str]) {
    let faults = faults(text);
    assert_eq!(faults.len(), 1, "{text}\n{faults:#?}");
    for part in parts {
        assert!(faults[0].contains(part), "`{part}` is missing in {}", faults[0]);
    }
}

#[test]
fn an_empty_file_has_working_defaults() {
    let (deployment, notices) = read("");
    assert_eq!(notices, []);
    assert_eq!(deployment.issuer(), "https://localhost:9443");
    assert_eq!(deployment.endpoint("/oauth2/token"), "https://localhost:9443/oauth2/token");
    assert_eq!(deployment.transport.https.unwrap().listen.to_string(), "127.0.0.1:9443");
    assert_eq!(deployment.transport.http, None);
    assert_eq!(deployment.limits.call_deadline, Duration::from_millis(100));
    assert_eq!(deployment.limits.memory, 16 << 20);
    assert_eq!(deployment.oauth.timestamp_skew, Duration::from_secs(30));
    assert_eq!((deployment.database, deployment.replay_store), (Database::Sqlite, ReplayStore::IdentityDb));
}

#[test]
fn the_configurations_of_the_pages_are_read_without_a_word() {
    for page in [
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")),
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/configuration.md")),
    ] {
        let (_, block) = page.split_once("```toml\n").unwrap();
        let (text, _) = block.split_once("```").unwrap();
        let text = ["$env{DCR_TOKEN}", "$env{ADMIN_PASSWORD}"]
            .iter()
            .fold(text.to_owned(), |text, variable| text.replace(variable, "$env{APP_SECRET}"));
        let (deployment, notices) = read(&text);
        assert_eq!(notices, []);
        assert_eq!((deployment.listeners.len(), deployment.service_providers.len()), (2, 1));
    }
}

#[test]
fn three_mistakes_at_once_are_all_reported_with_line_and_column() {
    let text = "[server]\nhostnam = \"x\"\n\n[oauth]\ntimestamp_skew = \"soon\"\n\n[transport.admin]\nlisten = \n";
    let faults = faults(text);
    assert_eq!(faults.len(), 3, "{faults:#?}");
    assert!(faults[0].starts_with("2:1 unknown-key") && faults[0].contains("did you mean `hostname`?"));
    assert!(faults[1].starts_with("5:18 bad-value") && faults[1].contains("not `soon`"));
    assert!(faults[2].starts_with("8:") && faults[2].contains("syntax"));
}

#[test]
fn a_broken_header_is_one_problem() {
    refused("[server\nhostname = \"x\"\nfoo = 1\n[oauth]\ndetailed_errors = true\n", &["1:", "syntax"]);
    assert_eq!(faults("[server\nfoo = 1\n[oauth]\nbar = 1\n").len(), 2);
}

/// The TOML blocks of the operator's documentation, in one file.
const DOCUMENTED: &str = r#"
[server]
hostname = "localhost"
base_path = "https://$ref{server.hostname}:9443"   # public base URL; issuer and endpoints derive from it, never from Host headers

[transport.https]
listen = "127.0.0.1:9443"
enabled = true                  # self-signed certificate made at init unless one is configured

[transport.http]
listen = "127.0.0.1:9763"
enabled = false                 # when https is off, base_path may be http:// on loopback only, else an error

[transport.admin]
listen = "127.0.0.1:9444"       # status, metrics, reload; loopback unless a token is set

[[event_listener]]
id = "private_key_jwt_authenticator"
type = "org.wso2.carbon.identity.core.handler.AbstractIdentityHandler"
name = "org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.PrivateKeyJWTClientAuthenticator"
order = "899"
enable = true
[event_listener.properties]
PreventTokenReuse = true
RejectBeforeInMinutes = "100"
TokenEndpointAlias = "sampleurl"     # a string or an array of strings
EnableCacheForJTI = true

[[cache.manager]]
name = "PrivateKeyJWT"
timeout = "10"                       # seconds
capacity = "5000"

[oauth.grant_type.client_credentials]
allow_id_token = true

[[service_provider]]                 # declarative clients; the database holds the others
client_id = "nwU59qy9AsDqftmwLcfmkvOhvuYa"
token_endpoint_auth_method = "private_key_jwt"
token_endpoint_auth_signing_alg = "RS256"         # optional
grant_types = ["client_credentials", "authorization_code", "refresh_token"]
redirect_uris = ["http://localhost:8080/playground2/oauth2client"]
client_secret = "$env{APP_SECRET}"                # for client_secret_basic and client_secret_post
certificate_file = "conf-relative/pubcert.pem"
prevent_token_reuse = "true"
audience_mode = "strict"
profile = "fapi2"
max_lifetime_in_minutes = 5
allowed_algorithms = ["PS256", "ES256"]

[database.identity_db]
type = "sqlite"                      # default; WSO2's "h2" is read as this

[replay_store]
type = "identity_db"

[oauth]
timestamp_skew = "30s"               # default of ClockSkewInSeconds
detailed_errors = false

[oauth.jwks_endpoint]
connection_timeout = "1s"
read_timeout = "3s"
size_limit_bytes = "65536"
allow_http_hosts = []                # hosts for which http: is allowed
allowed_private_hosts = []           # hosts that may be loopback or private

[oauth.client_id_metadata]
mode = "listed"
hosts = ["client.example.com"]
scopes = "openid"
grant_types = ["authorization_code", "refresh_token", "client_credentials"]
allowed_private_hosts = []

[keystore.primary]
file_name = "wso2carbon.p12"         # under repository/resources/security; type from the file: JKS or PKCS12
password = "wso2carbon"
[truststore]
file_name = "client-truststore.jks"
password = "wso2carbon"

[super_admin]
username = "admin"
password = "admin"                   # init writes a random one; a quickstart prints it
"#;

#[test]
fn every_documented_key_is_read() {
    let (deployment, _) = read(DOCUMENTED);
    let listener = &deployment.listeners[0];
    assert_eq!((listener.order, listener.enabled), (899, true));
    assert_eq!(listener.properties[1].values, ["100"]);
    assert_eq!(deployment.replay_cache.timeout, Duration::from_secs(10));
    assert!(deployment.oauth.client_credentials.allow_id_token);
    let client = &deployment.service_providers[0];
    assert_eq!(client.secret, Some(Secret::new("s3cr3t-from-env")));
    let overrides: Vec<(&str, usize)> =
        client.record.overrides.iter().map(|(name, values)| (name.as_str(), values.len())).collect();
    let expected = [
        ("PreventTokenReuse", 1),
        ("AudienceMode", 1),
        ("Profile", 1),
        ("MaxLifetimeInMinutes", 1),
        ("AllowedAlgorithms", 2),
    ];
    assert_eq!(overrides, expected);
    assert_eq!(deployment.keystores.primary.unwrap().file_name, "wso2carbon.p12");
}

#[test]
fn nothing_that_is_shown_holds_a_secret() {
    let (deployment, notices) = read(DOCUMENTED);
    let shown = format!("{deployment:?}{notices:?}");
    assert!(!shown.contains("s3cr3t-from-env") && !shown.contains("\"wso2carbon\""), "{shown}");
    let text = "[super_admin]\npassword = 'hunter2'\nusername = ['a']\npaswrd = 'hunter2'\n[replay_store]\ntype = 'redis'\nurl = ['redis://u:hunter2@h']\n[oauth]\ntoken_type = redis://u:hunter2@h\n";
    let problems = parse(text, &environment()).unwrap_err();
    assert!(!problems.render("f", true).contains("hunter2") && !format!("{problems:?}").contains("hunter2"));
    // A value from the environment is not repeated, whatever the key.
    refused("[limits]\nhandles = '$env{PORT}'\nlog_lines = '$env{PORT}'", &["an integer"]);
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated_either() {
    for text in [
        "[[event_listener]]\nfile = '$env{APP_SECRET}'",
        "[[event_listener]]\nname = 'a'\nshadow = 'x$env{APP_SECRET}'",
        "[[service_provider]]\nclient_id = '$env{APP_SECRET}'\n[[service_provider]]\nclient_id = '$env{APP_SECRET}'",
        "[[service_provider]]\nclient_id = 'a'\nredirect_uris = ['$env{APP_SECRET}']",
        "[super_admin]\npassword = 's3cr3t-from-env'\n[[event_listener]]\nfile = '$ref{super_admin.password}'",
    ] {
        let faults = faults(text);
        assert!(!faults.is_empty(), "{text}");
        assert!(faults.iter().all(|fault| !fault.contains("s3cr3t-from-env")), "{text}\n{faults:#?}");
        assert!(faults.iter().any(|fault| fault.contains("…")), "{text}\n{faults:#?}");
    }
    // What is shorter would take words with it.
    refused("[[event_listener]]\nfile = '$env{PORT}'", &["`70000` is not the name"]);
}

const BRACKETED: &str = r#"
[[event_listener]]
id = "private_key_jwt_authenticator"
type = "org.wso2.carbon.identity.core.handler.AbstractIdentityHandler"
name = "org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.PrivateKeyJWTClientAuthenticator"
order = "899"
[event_listener.properties]
PreventTokenReuse= false
RejectBeforeInMinutes= "100"
TokenEndpointAlias= "sampleurl"
"#;

#[test]
fn the_flat_form_of_a_listener_equals_the_bracketed_one() {
    let flat = BRACKETED.replace("[event_listener.properties]\n", "");
    assert_eq!(read(BRACKETED).0.listeners, read(&flat).0.listeners);
    assert_eq!(read(&flat).0.listeners[0].properties.len(), 3);
}

#[test]
fn the_properties_table_wins_over_flat_properties() {
    let text = "[[event_listener]]\nname = 'x'\npreventTokenReuse = true\n[event_listener.properties]\nPreventTokenReuse = false\n";
    let properties = &read(text).0.listeners[0].properties;
    assert_eq!((properties.len(), properties[0].values.as_slice()), (1, ["false".to_owned()].as_slice()));
}

#[test]
fn a_misspelt_listener_key_is_not_a_flat_property() {
    refused("[[event_listener]]\nname = 'x'\nordre = 1", &["3:1 unknown-key", "did you mean `order`?"]);
    assert_eq!(read("[[event_listener]]\nname = 'x'\nProfile = 'fapi2'").0.listeners[0].properties[0].name, "Profile");
}

#[test]
fn a_listener_without_its_header_is_told_to_have_one() {
    let flat = BRACKETED.replace("[[event_listener]]\n", "").replace("[event_listener.properties]\n", "");
    refused(&flat, &["2:1 misplaced-key", "`PreventTokenReuse`", "[[event_listener]]"]);
    refused("[oauth]\nPreventTokenReuse = true", &["2:1 misplaced-key"]);
    refused("[event_listener]\nname = 'x'", &["wrong-type", "[[event_listener]]"]);
}

#[test]
fn typographic_quotes_are_explained() {
    refused("[server]\nhostname = “localhost”\n", &["2:12 syntax", "typographic quote"]);
}

#[test]
fn numbers_and_booleans_may_be_quoted() {
    let text = "[[event_listener]]\nfile = 'x.wasm'\norder = ' 1'";
    refused(text, &["3:9 bad-value", "an integer"]);
    let quoted = read("[[event_listener]]\nfile = 'x.wasm'\norder = '-5'\nenable = 'False'").0.listeners;
    let bare = read("[[event_listener]]\nfile = 'x.wasm'\norder = -5\nenable = false").0.listeners;
    assert_eq!(quoted, bare);
}

#[test]
fn unknown_keys_are_rejected_with_the_nearest_known_one() {
    refused("[server]\nbasepath = 'https://x'", &["2:1 unknown-key", "did you mean `base_path`?"]);
    refused("[Server]\nhostname = 'x'", &["unknown-key", "did you mean `server`?"]);
    refused("[server]\ndetailed_errors = true", &["belongs to [oauth]"]);
    refused("[oauth]\ntimestamp_skw = 1", &["did you mean `timestamp_skew`?"]);
    refused("[cache.managr]\nname = 'x'", &["did you mean `manager`?"]);
    refused("\"server.hostname\" = 'x'", &["unknown-key"]);
    refused("server = 1", &["wrong-type", "[server]"]);
    refused("[[server]]\nhostname = 'x'", &["wrong-type", "[server]"]);
}

#[test]
fn wso2_keys_without_meaning_are_accepted_with_one_line() {
    let text = "[server]\noffset = 0\nnode_ip = '127.0.0.1'\n[user_store]\ntype = 'x'\n[user_store.properties]\na.b = 1\n\
                [[resource.access_control]]\ncontext = '/a'\n[[resource.access_control]]\ncontext = '/b'\n\
                [keystore.internal]\nalias = 'x'\n[cache.jwks_cache]\ntimeout = 5\n";
    let (_, notices) = read(text);
    let lines: Vec<String> = notices.iter().map(|notice| notice.line("d.toml")).collect();
    let keys = "server.offset, server.node_ip, user_store, resource, keystore.internal, cache";
    assert_eq!(lines, [format!("d.toml:2:1: {keys}: accepted, without meaning here")]);
}

#[test]
fn a_table_with_keys_of_wso2_only_is_wso2s_and_any_other_table_of_clients_is_a_mistake() {
    let (deployment, notices) = read("[service_provider]\nsp_name_regex = '^a$'\n");
    assert_eq!((deployment.service_providers.len(), notices.len()), (0, 1));
    for text in ["[service_provider]\nsp_name_regex = '^a$'\nclient_id = 'a'", "[service_provider]", "[event_listener]"]
    {
        refused(text, &["wrong-type", "is an array of tables"]);
    }
}

#[test]
fn a_url_without_a_type_says_which_database_it_is() {
    let database = |url: &str| read(&format!("[database.identity_db]\nurl = '{url}'\n")).0.database;
    assert_eq!(database("jdbc:postgresql://h/d"), Database::Postgres(url("postgresql://h:5432/d")));
    assert_eq!(database("jdbc:mysql://h/d"), Database::Mysql(url("mysql://h:3306/d")));
    assert_eq!(database("jdbc:h2:./repository/database/X"), Database::Sqlite);
    refused("[database.identity_db]\nurl = 'jdbc:sqlserver://h;databaseName=d'", &["2:7 bad-value", "no driver"]);
}

#[test]
fn a_default_wso2_file_works() {
    let text = r#"
[server]
hostname = "localhost"
node_ip = "127.0.0.1"
base_path = "https://$ref{server.hostname}:${carbon.management.port}"

[super_admin]
username = "admin"
password = "admin"
create_admin_account = true

[user_store]
type = "database_unique_id"

[database.identity_db]
type = "h2"
url = "jdbc:h2:./repository/database/WSO2IDENTITY_DB;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000"
username = "wso2carbon"
password = "wso2carbon"

[database.shared_db]
type = "h2"
url = "jdbc:h2:./repository/database/WSO2SHARED_DB;DB_CLOSE_ON_EXIT=FALSE;LOCK_TIMEOUT=60000"
username = "wso2carbon"
password = "wso2carbon"

[keystore.primary]
file_name = "wso2carbon.p12"
password = "wso2carbon"
type = "PKCS12"

[truststore]
file_name="client-truststore.p12"
password="wso2carbon"
type="PKCS12"

[account_recovery.endpoint.auth]
hash= "66cd9688a2ae068244ea01e70f0e230f5623b7fa4cdecb65070a09ec06452262"

[identity.auth_framework.endpoint]
app_password= "dashboard"

[encryption]
key = "3cc0481b70794667b5bee7e2beed2de4"

[oauth.endpoints]
oauth2_consent_page= "https://x/"
"#;
    let (deployment, notices) = read(text);
    assert_eq!((deployment.issuer(), notices.len()), ("https://localhost:9443", 1), "{notices:#?}");
}

#[test]
fn references_are_followed_and_cycles_are_reported() {
    let text = "[server]\nhostname = '$sys{my.host}'\n[oauth.oidc.id_token]\nissuer = '$ref{server.base_path}/is'";
    assert_eq!(read(text).0.issuer(), "https://is.example.com:9443/is");
    refused("[super_admin]\nusername = '$ref{super_admin.username}'", &["2:12 unresolved", "leads back to itself"]);
}

#[test]
fn a_cycle_of_references_is_reported_where_it_is_written() {
    let faults =
        faults("[server]\nhostname = '$ref{super_admin.username}'\n[super_admin]\nusername = '$ref{server.hostname}'");
    assert_eq!(faults.len(), 2, "{faults:#?}");
    assert!(faults.iter().all(|fault| fault.contains("leads back to itself: ")), "{faults:#?}");
}

#[test]
fn placeholders_that_cannot_be_resolved_are_reported() {
    refused("[server]\nhostname = '$env{NOPE}'", &["2:12 unresolved", "NOPE is not set"]);
    refused("[server]\nhostname = '$sys{nope}'", &["unresolved", "-Dnope=VALUE"]);
    refused("[server]\nhostname = '$ref{super_admin.usernam}'", &["did you mean `$ref{super_admin.username}`?"]);
    refused("[server]\nhostname = '$ref{server}'", &["names a table"]);
    refused("[server]\nhostname = '$secret{x}'", &["not supported"]);
    refused("[server]\nhostname = '$cred{x}'", &["2:12 unresolved", "the credential x", "LoadCredential=x:FILE"]);
    refused("[server]\nhostname = '$env{x'", &["no closing brace"]);
    refused(
        "[[service_provider]]\nclient_id = 'a'\ntoken_endpoint_auth_method = 'client_secret_post'\nclient_secret = '$env{NOPE}'",
        &["unresolved"],
    );
    let hash = "[[service_provider]]\nclient_id = 'a'\nclient_secret_hash = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2E$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g'";
    assert!(faults(hash).is_empty(), "a lone dollar sign is itself");
}

#[test]
fn references_that_grow_without_end_are_stopped() {
    let mut text = "[user_store]\nk0 = 'xxxxxxxxxxxxxxxx'\n".to_owned();
    for level in 1..10 {
        text += &format!("k{level} = '{}'\n", format!("$ref{{user_store.k{}}}", level - 1).repeat(10));
    }
    assert!(faults(&text).iter().all(|fault| fault.contains("grows beyond")) && !faults(&text).is_empty());
}

#[test]
fn the_public_url_fits_the_listeners() {
    let off = "[transport.https]\nenabled = false\n[transport.http]\nenabled = true\n";
    let with = |listeners: &str, url: &str| format!("{listeners}[server]\nbase_path = '{url}'\n");
    refused(&with("", "https://localhost/"), &["bad-value", "ends with a slash"]);
    refused(&with("", "http://localhost"), &["conflict", "https is enabled"]);
    refused(&with(off, "http://is.example.com"), &["insecure", "loopback"]);
    assert_eq!(read(&with(off, "http://localhost:9763")).1, []);
    assert!(read(&with(off, "https://is.example.com")).1[0].message.contains("proxy"));
    let exposed = off.replace("[transport.http]\n", "[transport.http]\nlisten = '0.0.0.0:80'\n");
    refused(&with(&exposed, "https://is.example.com"), &["insecure"]);
    refused("[transport.https]\nenabled = false", &["2:11 conflict", "nothing would be served"]);
}

#[test]
fn the_admin_listener_leaves_loopback_only_with_a_token() {
    refused("[transport.admin]\nlisten = '0.0.0.0:9444'", &["2:10 insecure", "token"]);
    assert!(faults("[transport.admin]\nlisten = '0.0.0.0:9444'\ntoken = 'abcdefgh'").is_empty());
    refused("[transport.admin]\nlisten = '127.0.0.1:9443'", &["conflict", "same address"]);
}

#[test]
fn tls_files_come_in_pairs() {
    refused("[transport.https]\ncertificate_file = 'c.pem'", &["missing", "private_key_file"]);
    let (deployment, _) = read("[transport.https]\ncertificate_file = 'c.pem'\nprivate_key_file = 'k.pem'");
    assert_eq!(deployment.transport.https.unwrap().identity.unwrap().certificate, Path::new("c.pem"));
}

#[test]
fn enabled_listeners_are_distinct_and_disabled_ones_are_never_a_problem() {
    let twice =
        |enable: bool| format!("[[event_listener]]\nname = 'x'\n[[event_listener]]\nname = 'x'\nenable = {enable}\n");
    refused(&twice(true), &["4:8 conflict", "`x`"]);
    assert_eq!(read(&twice(false)).0.listeners.len(), 2);
    refused("[[event_listener]]\nfile = 'x.wasm'\n[[event_listener]]\nfile = 'x.wasm'", &["conflict"]);
    refused("[[event_listener]]\norder = 1", &["1:1 missing", "`name`"]);
    assert!(faults("[[event_listener]]\norder = 1\nenable = false").is_empty());
    refused("[[event_listener]]\nfile = '../x.wasm'", &["bad-value", "dropins folder"]);
    refused("[[event_listener]]\nname = 'x'\norder = 2147483648", &["from -2147483648 to 2147483647"]);
    refused("[[event_listener]]\nname = 'x'\ndigest = 'sha256:12'", &["3:10 bad-value"]);
    refused("[[event_listener]]\nname = 'x'\nshadow = '../x.wasm'", &["3:10 bad-value"]);
    refused("[[event_listener]]\nfile = 'x.wasm'\nshadow = 'x.wasm'", &["3:10 bad-value"]);
    let shadow = "[[event_listener]]\nname = 'x'\nshadow = 'candidate.wasm'";
    assert_eq!(read(shadow).0.listeners[0].shadow.as_deref(), Some("candidate.wasm"));
    let digest = format!("[[event_listener]]\nname = 'x'\ndigest = 'sha256:{}'", "aB".repeat(32));
    assert_eq!(read(&digest).0.listeners[0].digest.as_deref().unwrap(), format!("sha256:{}", "ab".repeat(32)));
}

#[test]
fn a_component_can_report_a_property_at_its_place() {
    let (deployment, _) = read(BRACKETED);
    let span = deployment.listeners[0].property_span("rejectbeforeinminutes");
    assert_eq!(&BRACKETED[span], "\"100\"");
    assert_eq!(&BRACKETED[deployment.listeners[0].property_span("Nothing")], "[[event_listener]]");
}

#[test]
fn the_replay_cache_has_defaults_and_a_manager_replaces_them() {
    assert_eq!(
        read("").0.replay_cache,
        ReplayCache { enabled: true, timeout: Duration::from_secs(300), capacity: 5000 }
    );
    assert!(!read("[cache.private_key_jwt]\nenable = 'false'").0.replay_cache.enabled);
    let text = "[cache.private_key_jwt]\nenable = false\n[[cache.manager]]\nname = 'PrivateKeyJWT'\ntimeout = '10'\n";
    assert_eq!(
        read(text).0.replay_cache,
        ReplayCache { enabled: true, timeout: Duration::from_secs(10), capacity: 5000 }
    );
    let manager = "[[cache.manager]]\nname = 'PrivateKeyJWT'\n";
    refused(&manager.repeat(2), &["4:8 conflict"]);
    let (_, notices) = read("[[cache.manager]]\nname = 'privateKeyJwt'\n");
    assert!(notices[0].message.contains("did you mean `PrivateKeyJWT`?"));
}

#[test]
fn clients_are_distinct_and_complete() {
    let client = |rest: &str| format!("[[service_provider]]\nclient_id = 'a'\n{rest}\n");
    refused(&client("").repeat(2), &["5:13 conflict", "`a`", "first defined at line 1"]);
    refused("[[service_provider]]\nclient_name = 'x'", &["1:1 missing", "client_id"]);
    refused("[[service_provider]]\nclient_id = 'ü'", &["bad-value", "ASCII"]);
    let named = |length| format!("[[service_provider]]\nclient_id = '{}'\n", "x".repeat(length));
    refused(&named(256), &["2:13 bad-value", "1 to 255"]);
    assert_eq!(read(&named(255)).0.service_providers.len(), 1);
    refused(&client("client_secret = 'a'\nclient_secret_hash = '$argon2id$x'"), &["conflict"]);
    refused(&client("client_secret_hash = 'sha1'"), &["bad-value", "argon2id"]);
    refused(&client("certificate = '-----BEGIN CERTIFICATE-----'\ncertificate_file = 'x'"), &["conflict"]);
    refused(&client("certificate = 'pubcert.pem'"), &["certificate_file"]);
    refused(
        &client("jwks_uri = 'http://c.example/jwks'"),
        &["bad-value", "`jwks_uri` of the client `a`", "allow_http_hosts"],
    );
    refused(&client("jwks_uri = 'https://127.0.0.1/jwks'"), &["bad-value", "`jwks_uri` of the client `a`"]);
    refused(&client("token_endpoint_auth_method = 'private-key-jwt'"), &["did you mean `private_key_jwt`?"]);
    refused(&client("token_endpoint_auth_method = 'client_secret_basic'"), &["missing", "has none"]);
    let public = |rest: &str| {
        client(&format!(
            "token_endpoint_auth_method = 'none'\ngrant_types = ['authorization_code', 'refresh_token']\n{rest}"
        ))
    };
    for keys in ["", "jwks = { keys = [] }", "jwks_uri = 'https://c.example/jwks'"] {
        assert_eq!(read(&public(keys)).0.service_providers.len(), 1, "{keys}");
    }
    refused(&client("token_endpoint_auth_method = 'none'"), &["conflict", "the grant client_credentials needs"]);
    for credential in ["client_secret = 's'", "certificate_file = 'c.pem'", "token_endpoint_auth_signing_alg = 'ES256'"]
    {
        let problem = format!("5:{} conflict", credential.find(" = ").unwrap() + 4);
        refused(&public(credential), &[&problem, "no credential"]);
    }
    refused(&client("grant_types = ['passwort']"), &["client_credentials, authorization_code, refresh_token"]);
    refused(&client("redirect_uris = ['/callback']"), &["redirect URI"]);
    refused(&client("client_name = \"a\\u202eb\""), &["3:15 bad-value", "`client_name`"]);
    refused(&client("scope = ['a\\b']"), &["3:9 bad-value", "`scope`"]);
    refused(&client("jwks = '[]'"), &["jwks"]);
    let text = client(
        "scope = 'read write'\njwks = { keys = [] }\nenabled = false\ntoken_endpoint_auth_method = 'tls_client_auth'",
    );
    let (deployment, _) = read(&text);
    let client = &deployment.service_providers[0];
    assert_eq!((client.record.scopes.len(), client.record.enabled), (2, false));
    assert_eq!(client.record.grant_types, ["client_credentials"]);
    assert!(matches!(&client.jwks, Some(Material::Text { text, .. }) if text == r#"{"keys":[]}"#));
    refused("[[service_provider]]\nclient_id = 'a'\nscope = 'a'\nscopes = ['b']", &["given twice"]);
}

#[test]
fn tokens_are_signed_as_the_standards_say_unless_something_else_is_chosen() {
    let entry = |rest: &str| format!("[[service_provider]]\nclient_id = 'a'\n{rest}\n");
    let (default, _) = read(&entry(""));
    assert_eq!(default.oauth.access_token_signing_alg, TokenAlgorithm::Es256);
    assert_eq!(default.service_providers[0].record.id_token_signed_response_alg, Some(TokenAlgorithm::Rs256));
    let chosen = entry("id_token_signed_response_alg = 'ES256'") + "[oauth]\naccess_token_signing_alg = 'RS256'";
    let (chosen, _) = read(&chosen);
    assert_eq!(chosen.oauth.access_token_signing_alg, TokenAlgorithm::Rs256);
    assert_eq!(chosen.service_providers[0].record.id_token_signed_response_alg, Some(TokenAlgorithm::Es256));
    refused("[oauth]\naccess_token_signing_alg = 'none'", &["bad-value", "one of RS256, ES256"]);
    refused(&entry("id_token_signed_response_alg = 'HS256'"), &["bad-value", "one of RS256, ES256"]);
}

fn url(text: &str) -> ServerUrl {
    ServerUrl::parse(text).unwrap()
}

#[test]
fn an_identity_database_on_a_server_is_named_by_its_parts_or_by_one_url() {
    let database = |lines: &str| read(&format!("[database.identity_db]\n{lines}\n")).0.database;
    let parts = "hostname = 'db'\nname = 'identity'\nusername = 'u'\npassword = 'p@1'";
    for (lines, expected) in [
        (format!("type = 'postgre'\n{parts}"), Database::Postgres(url("postgresql://u:p%401@db:5432/identity"))),
        (format!("type = 'mysql'\n{parts}\nport = '3307'"), Database::Mysql(url("mysql://u:p%401@db:3307/identity"))),
        (
            "type = 'postgresql'\nurl = 'postgresql://u:p@a,b:5433/identity?sslmode=require'".to_owned(),
            Database::Postgres(url("postgresql://u:p@a:5432,b:5433/identity?sslmode=require")),
        ),
        (
            "type = 'postgre'\nurl = 'jdbc:postgresql://localhost/identity'\nusername = 'u'\npassword = 'p'".to_owned(),
            Database::Postgres(url("postgresql://u:p@localhost:5432/identity")),
        ),
        (
            "type = 'mariadb'\nurl = 'jdbc:mariadb://localhost:3306/db?useSSL=false'".to_owned(),
            Database::Mysql(url("mariadb://localhost:3306/db")),
        ),
        ("type = 'h2'\nurl = 'jdbc:h2:./repository/database/X;MODE=x'".to_owned(), Database::Sqlite),
    ] {
        assert_eq!(database(&lines), expected, "{lines}");
    }
}

#[test]
fn parameters_of_the_java_driver_get_one_notice() {
    let text =
        "[database.identity_db]\ntype = 'mysql'\nurl = 'jdbc:mysql://h:3306/d?useUnicode=true&characterEncoding=UTF-8'";
    let (_, notices) = read(text);
    let lines: Vec<String> = notices.iter().map(|notice| notice.line("d.toml")).collect();
    let expected =
        "d.toml:3:7: database.identity_db.url: accepted, without meaning here: useUnicode, characterEncoding";
    assert_eq!(lines, [expected]);
}

#[test]
fn an_address_that_is_none_is_rejected_at_its_place_without_being_repeated() {
    let database = |lines: &str| format!("[database.identity_db]\n{lines}\n");
    for (text, parts) in [
        (database("type = 'oracle'"), ["2:8 bad-value", "sqlite"]),
        (database("type = 'mysql'"), ["2:8 missing", "`hostname` and `name`, or one `url`"]),
        (database("type = 'postgre'\nhostname = 'h'"), ["2:8 missing", "`hostname` and `name`"]),
        (database("type = 'mysql'\nhostname = 'u:hunter2@h'\nname = 'd'"), ["3:12 bad-value", "host name"]),
        (database("type = 'postgre'\nurl = 'u:hunter2@h/d'"), ["3:7 bad-value", "no scheme"]),
        (
            database("type = 'postgre'\nurl = 'mysql://u:hunter2@h/d'"),
            ["3:7 bad-value", "postgresql://user:password@host:5432"],
        ),
        (database("type = 'mysql'\nurl = 'jdbc:mysql://u:hun?hunter2@h/d'"), ["3:7 bad-value", "name of a parameter"]),
        (database("type = 'mysql'\nurl = 'mysql://h/d?ssl-mode=perhaps'"), ["3:7 bad-value", "TLS mode"]),
        (database("type = 'mysql'\nurl = 'mysql://h/d'\nname = 'd'"), ["4:8 conflict", "exclude each other"]),
        (database("type = 'mysql'\nurl = ['mysql://u:hunter2@h/d']"), ["3:7 wrong-type", "an array"]),
        ("[replay_store]\ntype = 'redis'".to_owned(), ["2:8 missing", "url"]),
        ("[replay_store]\ntype = 'redis'\nurl = 'http://u:hunter2@h'".to_owned(), ["3:7 bad-value", "redis server"]),
    ] {
        refused(&text, &parts);
        let problems = parse(&text, &environment()).unwrap_err();
        assert!(
            !problems.render("f", false).contains("hunter2") && !format!("{problems:?}").contains("hunter2"),
            "{text}"
        );
    }
}

#[test]
fn used_assertions_are_kept_where_the_operator_says() {
    let store = |text: &str| read(&format!("[replay_store]\n{text}")).0.replay_store;
    assert_eq!(store("type = 'identity_db'"), ReplayStore::IdentityDb);
    assert_eq!(store("type = 'redis'\nurl = 'rediss://:p@h/0'"), ReplayStore::Redis(url("rediss://:p@h:6379/0")));
    assert_eq!(store("type = 'memory'"), ReplayStore::Memory);
    assert!(read("[replay_store]\ntype = 'memory'").1[0].message.contains("restart"));
    assert!(read("[replay_store]\nurl = 'redis://h'").1[0].message.contains("without meaning"));
    let load = read("[replay_store]\nexpected_rate = '5000'\nsize_limit = '20GiB'").0.replay_load;
    assert_eq!(load, ReplayLoad { expected_rate: 5000, size_limit: 20 << 30 });
    refused("[replay_store]\nexpected_rate = 0", &["2:17 bad-value"]);
}

#[test]
fn several_nodes_need_a_store_that_they_share() {
    let nodes = |lines: &str, rest: &str| format!("[clustering]\n{lines}\n{rest}\n");
    let several = ["membership_scheme = 'wka'", "membership_scheme = 'Kubernetes'", "members = ['a:4000', 'b:4000']"];
    let one = ["membership_scheme = 'local'", "members = ['127.0.0.1:4000']", "domain = 'wso2.carbon.domain'"];
    let memory = "[replay_store]\ntype = 'memory'";
    let redis = "[replay_store]\ntype = 'redis'\nurl = 'redis://h'";
    let server = "[database.identity_db]\ntype = 'postgre'\nhostname = 'h'\nname = 'd'";
    for lines in several {
        refused(&nodes(lines, memory), &["4:8 conflict", "`memory` belongs to one node", "type = \"redis\""]);
        refused(&nodes(lines, &format!("{server}\n{memory}")), &["8:8 conflict"]);
        refused(&nodes(lines, ""), &["2:", "conflict", "file of this node", "\"postgre\""]);
        refused(&nodes(lines, "[database.identity_db]\ntype = 'sqlite'"), &["4:8 conflict", "file of this node"]);
        assert_eq!(read(&nodes(lines, server)).1, []);
        assert!(read(&nodes(lines, redis)).1[0].message.contains("other nodes do not see them"));
    }
    for lines in one {
        for rest in [memory, redis, server, ""] {
            assert_eq!(faults(&nodes(lines, rest)), [""; 0], "{lines} {rest}");
        }
    }
    let text = "[clustering]\nlocal_member_port = 4000\n[clustering.properties]\nmemberDescription = 'x'";
    assert_eq!(read(text).1[0].path, "clustering.local_member_port, clustering.properties");
    refused("[clustering]\nmember_scheme = 'wka'", &["2:1 unknown-key", "`membership_scheme`"]);
}

#[test]
fn limits_have_bounds() {
    assert_eq!(read("[limits]\nmemory = '32MiB'\nconcurrent_calls = 8").0.limits.concurrent_calls, 8);
    refused("[limits]\nmemory = '1KiB'", &["from 1048576"]);
    refused("[limits]\ncall_deadline = 0", &["more than zero"]);
    let wall_limit = |text| read(text).0.limits.call_wall_limit.as_secs();
    assert_eq!(wall_limit("[limits]\ncall_wall_limit = '6s'"), 6);
    refused("[limits]\ncall_wall_limit = '5s'", &["2:19 conflict", "longer than 5s", "read_timeout"]);
    refused("[limits]\ncall_wall_limit = 0", &["more than zero"]);
    assert_eq!(wall_limit(""), 10);
    assert_eq!(wall_limit("[oauth.jwks_endpoint]\nread_timeout = '60s'"), 67, "a slow JWKS URI is waited for");
    refused("[logging]\nformat = 'xml'", &["one of human, json"]);
}

#[test]
fn key_files_are_read_relative_to_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.pem"), "PEM").unwrap();
    let client =
        |id: &str, file: &str| format!("[[service_provider]]\nclient_id = '{id}'\ncertificate_file = '{file}'\n");
    let (deployment, _) = read(&client("a", "a.pem"));
    assert_eq!(deployment.read_key_files(folder.path()).unwrap().certificates["a"], "PEM");
    std::fs::write(folder.path().join("a.pem"), "\u{feff}PEM").unwrap();
    assert_eq!(deployment.read_key_files(folder.path()).unwrap().certificates["a"], "PEM", "a mark is skipped");
    std::fs::write(folder.path().join("a.pem"), [0x30, 1, 0]).unwrap();
    let der = deployment.read_key_files(folder.path()).unwrap().certificates["a"].clone();
    assert_eq!(der, "-----BEGIN CERTIFICATE-----\nMAEA\n-----END CERTIFICATE-----\n");
    let (deployment, _) = read(&(client("a", "a.pem") + &client("b", "b.pem") + &client("c", ".")));
    let problems = deployment.read_key_files(folder.path()).unwrap_err();
    let lines: Vec<usize> = problems.iter().map(|problem| problems.position(problem).line).collect();
    assert_eq!(lines, [6, 9]);
}

#[test]
fn a_file_of_more_than_a_megabyte_is_rejected() {
    assert!(faults(&"# x\n".repeat(300_000))[0].contains("larger than 1 MiB"));
}

proptest! {
    #[test]
    fn reading_never_panics(text in "\\PC*") {
        if let Err(problems) = parse(&text, &environment()) {
            problems.render("f", true);
            problems.to_json("f");
        }
    }

    #[test]
    fn a_damaged_file_never_panics(at in 0..DOCUMENTED.len(), length in 0..40usize, junk in "[\\[\\]{}=\"'$a.\n“é#,]{0,6}") {
        let clean = |offset: usize| (offset..=DOCUMENTED.len()).find(|at| DOCUMENTED.is_char_boundary(*at)).unwrap();
        let (start, end) = (clean(at), clean((at + length).min(DOCUMENTED.len())));
        let text = format!("{}{junk}{}", &DOCUMENTED[..start], &DOCUMENTED[end..]);
        if let Err(problems) = parse(&text, &environment()) {
            prop_assert!(!problems.is_empty());
            prop_assert!(!problems.render("f", false).contains("s3cr3t"));
        }
    }
}

#[test]
fn clients_whose_id_is_a_url_are_off_by_default_and_act_without_a_user_only_where_their_host_is_listed() {
    let (defaults, _) = read("");
    let documents = defaults.oauth.client_id_metadata;
    assert!(!documents.is_on());
    assert_eq!(
        (documents.scopes, documents.grant_types),
        (vec!["openid".into()], vec!["authorization_code".into(), "refresh_token".into()])
    );
    let (any, _) = read("[oauth.client_id_metadata]\nmode = 'any'");
    assert_eq!(any.oauth.client_id_metadata.mode, crate::DocumentMode::Any);
    let credentials = "grant_types = ['client_credentials']";
    let (listed, _) = read(&format!("[oauth.client_id_metadata]\nmode = 'listed'\nhosts = 'c.example'\n{credentials}"));
    assert!(listed.oauth.client_id_metadata.is_on());
    for (text, code) in [
        (format!("mode = 'any'\n{credentials}"), "conflict"),
        ("mode = 'listed'".to_owned(), "missing"),
        ("mode = 'listed'\nhosts = ['https://c.example/', 'c.example']".to_owned(), "missing"),
        ("mode = 'some'".to_owned(), "bad-value"),
    ] {
        let faults = faults(&format!("[oauth.client_id_metadata]\n{text}"));
        assert!(faults.iter().any(|fault| fault.contains(code)), "{text}: {faults:?}");
    }
}

#[test]
fn a_credential_is_resolved_and_stays_out_of_messages() {
    let environment = with_credential("admin_password", "hunter2\n");
    let (deployment, _) = parse("[super_admin]\npassword = '$cred{admin_password}'", &environment).unwrap();
    assert_eq!(deployment.super_admin.password.unwrap().expose(), "hunter2");

    let problems = parse("[transport.https]\nenabled = '$cred{admin_password}'", &environment).unwrap_err();
    assert!(!problems.render("deployment.toml", false).contains("hunter2"));
    let problems = parse("[server]\nhostname = '$cred{other}'", &environment).unwrap_err();
    assert!(problems.to_string().contains("the credential other is not in /"), "{problems}");
}
