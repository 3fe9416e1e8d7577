//! The directory over a real database: precedence, invalidation, size.

use std::time::{Duration, Instant};

use dropins_services::FixedClock;

use super::*;
use crate::clients::IssuerFetchers;
use dropins_database::Database;
use dropins_store::clients::{ClientRecord, IdentityStore};

struct Bench {
    folder: tempfile::TempDir,
    store: IdentityStore,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store =
            IdentityStore::new(Database::sqlite(&folder.path().join("identity.db"), &dropins_store::SCHEMA).unwrap());
        Self { folder, store }
    }

    /// The clients as one process sees them.
    fn process(&self) -> Arc<StoredClients> {
        Arc::new(StoredClients::new(self.store.clone(), Arc::new(FixedClock::at(1_000_000))))
    }
}

fn record(client_id: &str) -> ClientRecord {
    ClientRecord { client_id: client_id.to_owned(), enabled: true, ..ClientRecord::default() }
}

fn declared(client_id: &str, enabled: bool) -> RegisteredClient {
    let (mut client, _) = RegisteredClient::of_record(record(client_id), 0);
    client.name = Some("from the file".to_owned());
    client.enabled = enabled;
    client
}

async fn name(directory: &Directory, client_id: &str) -> Option<Option<String>> {
    directory.find(client_id).await.unwrap().map(|client| client.name.clone())
}

#[tokio::test]
async fn the_file_wins_even_when_it_disables_a_client_and_the_clash_is_known() {
    let stored = Bench::new();
    let process = stored.process();
    for client_id in ["both", "off", "database"] {
        process.insert(record(client_id)).await.unwrap();
    }
    let file = [declared("both", true), declared("off", false), declared("file", true)];
    let directory = Directory::new(file, process.clone(), ExternalKeys::default());
    assert_eq!(name(&directory, "both").await, Some(Some("from the file".to_owned())));
    assert_eq!(name(&directory, "off").await, None);
    assert_eq!(name(&directory, "database").await, Some(None));
    assert_eq!(directory.clashes().await.unwrap(), ["both", "off"]);
    process.refresh().await.unwrap();
    assert_eq!(directory.count(), 6);
}

#[tokio::test]
async fn ids_are_compared_byte_by_byte() {
    let bench = Bench::new();
    bench.process().insert(record("Client")).await.unwrap();
    let directory = Directory::new([], bench.process(), ExternalKeys::default());
    assert!(directory.find("Client").await.unwrap().is_some());
    for stranger in ["client", "CLIENT", "Client ", "Clien", ""] {
        assert!(directory.find(stranger).await.unwrap().is_none(), "{stranger:?}");
    }
}

#[tokio::test]
async fn a_change_is_seen_at_once_here_and_with_the_next_poll_elsewhere() {
    let bench = Bench::new();
    let (here, elsewhere) = (bench.process(), bench.process());
    let directory = Directory::new([], elsewhere.clone(), ExternalKeys::default());
    assert_eq!(name(&directory, "c").await, None);
    let stored = here.insert(record("c")).await.unwrap();
    assert!(here.find("c").await.unwrap().is_some());
    assert_eq!(name(&directory, "c").await, None, "an unknown id is remembered");
    elsewhere.refresh().await.unwrap();
    assert_eq!(name(&directory, "c").await, Some(None));

    here.update(ClientRecord { name: Some("new".to_owned()), ..stored.clone() }).await.unwrap();
    assert_eq!(here.find("c").await.unwrap().unwrap().name.as_deref(), Some("new"));
    elsewhere.refresh().await.unwrap();
    assert_eq!(name(&directory, "c").await, Some(Some("new".to_owned())));

    let current = bench.store.find("c").await.unwrap().unwrap();
    here.update(ClientRecord { enabled: false, ..current }).await.unwrap();
    elsewhere.refresh().await.unwrap();
    assert_eq!(name(&directory, "c").await, None, "a disabled client is not found");

    assert!(here.remove("c", false).await.unwrap() && !here.remove("c", false).await.unwrap());
    elsewhere.refresh().await.unwrap();
    assert!(elsewhere.find("c").await.unwrap().is_none() && elsewhere.count() == 0);
}

#[tokio::test]
async fn nothing_is_remembered_while_changes_cannot_be_followed() {
    let bench = Bench::new();
    let process = bench.process();
    process.insert(record("c")).await.unwrap();
    assert!(process.find("c").await.unwrap().is_some());
    let database = bench.folder.path().join("identity.db");
    let moved = bench.folder.path().join("moved.db");
    std::fs::rename(&database, &moved).unwrap();
    assert!(process.refresh().await.is_err());
    assert!(process.find("c").await.is_err(), "what cannot be followed is not trusted");
    std::fs::rename(&moved, &database).unwrap();
    process.refresh().await.unwrap();
    assert!(process.find("c").await.unwrap().is_some());
}

#[tokio::test]
async fn the_keys_of_all_enabled_clients_are_shown_once() {
    let bench = Bench::new();
    let process = bench.process();
    let key = dropins_keys::SigningKey::generate(dropins_keys::KeyFamily::P256).unwrap();
    let certificate = Some(key.self_signed_certificate("c", 0, 2_000_000).unwrap());
    for client_id in ["a", "b", "clash"] {
        process.insert(ClientRecord { certificate: certificate.clone(), ..record(client_id) }).await.unwrap();
    }
    let off = ClientRecord { certificate: certificate.clone(), enabled: false, ..record("off") };
    process.insert(off).await.unwrap();
    let directory = Directory::new([declared("clash", true)], process, ExternalKeys::default());
    let mut shown = Vec::new();
    directory.visit_keys(&mut |fact| shown.push((fact.client_id, fact.source, fact.not_after))).await.unwrap();
    let expected = |client_id: &str| (client_id.to_owned(), "certificate".to_owned(), Some(2_000_000));
    assert_eq!(shown, [expected("a"), expected("b")]);
}

#[tokio::test]
async fn a_hundred_thousand_clients_do_not_slow_a_look_up_down() {
    async fn median(store: &IdentityStore, clients: usize) -> Duration {
        let mut times = Vec::new();
        for round in 0..401 {
            let client_id = format!("client-{:06}", (round * 7919) % clients);
            let begun = Instant::now();
            assert!(store.find(&client_id).await.unwrap().is_some());
            times.push(begun.elapsed());
        }
        times.sort();
        times[times.len() / 2]
    }
    let (few, many) = (Bench::new(), Bench::new());
    for (bench, clients) in [(&few, 100), (&many, 100_000)] {
        let mut connection = rusqlite::Connection::open(bench.folder.path().join("identity.db")).unwrap();
        let transaction = connection.transaction().unwrap();
        let sql = "
            INSERT INTO DROPINS_CLIENT
                (CLIENT_ID, ENABLED, GRANT_TYPES, REDIRECT_URIS, POST_LOGOUT_REDIRECT_URIS, SCOPES, OVERRIDES, FEDERATED,
                 REVISION, TIME_CREATED, TIME_UPDATED)
            VALUES (?1, 1, '[]', '[]', '[]', '[]', '[]', '[]', 1, 0, 0)";
        for number in 0..clients {
            transaction.prepare_cached(sql).unwrap().execute([format!("client-{number:06}")]).unwrap();
        }
        transaction.commit().unwrap();
    }
    assert_eq!(many.store.count().await.unwrap(), 100_000);
    median(&many.store, 100_000).await;
    let (cost_of_few, cost_of_many) = (median(&few.store, 100).await, median(&many.store, 100_000).await);
    assert!(cost_of_many < cost_of_few * 5 + Duration::from_micros(200), "{cost_of_few:?} became {cost_of_many:?}");
}

/// A keystore that has this key under every alias.
struct Keystore(Arc<dropins_keys::KeySet>);

#[async_trait::async_trait]
impl crate::clients::KeystoreKeys for Keystore {
    async fn certificate(&self, _client_id: &str) -> Result<Arc<dropins_keys::KeySet>, KeyLookupError> {
        Ok(Arc::clone(&self.0))
    }

    fn folded_alias(&self, client_id: &str) -> Option<String> {
        (client_id == "APP").then(|| "app".to_owned())
    }
}

fn keystore() -> ExternalKeys {
    let jwk = dropins_keys::SigningKey::generate(dropins_keys::KeyFamily::P256).unwrap().public_jwk();
    let text = serde_json::json!({ "keys": [jwk] }).to_string();
    let (keys, _) =
        dropins_keys::KeySet::read(&[dropins_keys::KeyInput::Jwks { name: None, text: text.as_bytes() }], 0);
    ExternalKeys { published: None, keystore: Some(Arc::new(Keystore(Arc::new(keys)))) }
}

#[tokio::test]
async fn the_alias_of_another_client_authenticates_no_client_whose_id_differs_in_case() {
    let hint = KeyHint { algorithm: "ES256".to_owned(), ..KeyHint::default() };
    for (other, enabled, found) in [("app", true, None), ("app", false, Some(1)), ("else", true, Some(1))] {
        let (clients, bench) = ([declared(other, enabled), declared("APP", true)], Bench::new());
        let directory = Directory::new(clients, bench.process(), keystore());
        let candidates = directory.candidates("APP", &hint).await.map(|keys| keys.len());
        assert_eq!(candidates.ok(), found, "{other} {enabled}");
    }
}

#[tokio::test]
async fn the_keystore_has_no_key_for_a_client_that_registered_a_secret_and_no_method() {
    let client = |id: &str, secret: bool, method: Option<&str>| {
        let mut client = declared(id, true);
        client.secret = secret.then(|| dropins_protocol::SecretHash::of("s").unwrap());
        client.registration.auth_method = method.map(str::to_owned);
        client
    };
    let clients =
        [client("keys", false, None), client("secret", true, None), client("both", true, Some("private_key_jwt"))];
    let directory = Directory::new(clients, Bench::new().process(), keystore());
    let hint = KeyHint { algorithm: "ES256".to_owned(), ..KeyHint::default() };
    for (id, found) in [("keys", 1), ("secret", 0), ("both", 1)] {
        assert_eq!(directory.candidates(id, &hint).await.unwrap().len(), found, "{id}");
    }
}

/// A deployment with two issuers whose keys it holds.
fn trusting(keys: &dropins_keys::SigningKey) -> (TrustedIssuers, tempfile::TempDir) {
    let jwks = serde_json::json!({ "keys": [keys.public_jwk()] }).to_string();
    let text = format!(
        "[[trusted_issuer]]\nissuer = \"https://a.example\"\njwks = '{jwks}'\nallow_reuse = true\nmax_lifetime = \"5m\"\n\
         [[trusted_issuer]]\nissuer = \"https://b.example\"\njwks = '{jwks}'\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let (deployment, _) = dropins_config::parse(&text, &dropins_config::Environment::default()).unwrap();
    let files = deployment.read_key_files(folder.path()).unwrap();
    let clock = Arc::new(FixedClock::at(1_000_000));
    let fetchers = IssuerFetchers::new(folder.path().to_owned(), folder.path().to_owned(), clock);
    let (issuers, problems) =
        TrustedIssuers::open(&deployment, &files, &fetchers, &dropins_fetch::FetchSettings::default(), 0);
    assert_eq!(problems, []);
    (issuers, folder)
}

fn known_as(client_id: &str, issuer: &str, subject: &str) -> ClientRecord {
    let pair = FederatedSubject { issuer: issuer.to_owned(), subject: subject.to_owned() };
    ClientRecord { federated: vec![pair], ..record(client_id) }
}

#[tokio::test]
async fn a_client_is_found_by_its_subject_with_what_the_tokens_of_the_issuer_must_satisfy() {
    let key = dropins_keys::SigningKey::generate(dropins_keys::KeyFamily::P256).unwrap();
    let (bench, (issuers, _folder)) = (Bench::new(), trusting(&key));
    let process = bench.process();
    let file = |record| RegisteredClient::of_record(record, 0).0;
    let off = ClientRecord { enabled: false, ..known_as("off", "https://a.example", "off") };
    process.insert(known_as("stored", "https://a.example", "stored")).await.unwrap();
    process.insert(known_as("hidden", "https://a.example", "hidden")).await.unwrap();
    process.insert(known_as("other", "https://a.example", "file")).await.unwrap();
    let declared = [file(known_as("file", "https://a.example", "file")), file(off), file(record("hidden"))];
    let directory = Directory::new(declared, process, ExternalKeys::default()).trusting(issuers);
    let found = async |issuer: &str, subject: &str| directory.lookup_subject(issuer, subject).await.unwrap();
    let file = found("https://a.example", "file").await.unwrap();
    let setting = |name: &str| file.settings.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!(file.id, "file", "the file wins");
    assert_eq!(setting("issuer.kind"), Some("oidc"));
    assert_eq!((setting("issuer.max_lifetime"), setting("issuer.allow_reuse")), (Some("300"), Some("true")));
    assert_eq!(found("https://a.example", "stored").await.map(|client| client.id).as_deref(), Some("stored"));
    for (issuer, subject) in [
        ("https://a.example", "off"),
        ("https://a.example", "hidden"),
        ("https://a.example", "File"),
        ("https://b.example", "file"),
        ("https://c.example", "file"),
    ] {
        assert_eq!(found(issuer, subject).await, None, "{issuer} {subject}");
    }
    let clashes = directory.subject_clashes().await.unwrap();
    assert_eq!(
        clashes.iter().map(|(pair, owner)| (pair.subject.as_str(), owner.as_str())).collect::<Vec<_>>(),
        [("file", "other")]
    );
}

#[tokio::test]
async fn keys_of_an_issuer_are_handed_out_for_that_issuer_only() {
    let key = dropins_keys::SigningKey::generate(dropins_keys::KeyFamily::P256).unwrap();
    let (bench, (issuers, _folder)) = (Bench::new(), trusting(&key));
    let directory = Directory::new([], bench.process(), ExternalKeys::default()).trusting(issuers);
    let hint = |algorithm: &str| KeyHint { algorithm: algorithm.to_owned(), ..KeyHint::default() };
    let found = directory.of_issuer("https://a.example", &hint("ES256")).await.unwrap();
    assert_eq!(found.iter().map(|key| key.describe().source).collect::<Vec<_>>(), ["jwks"]);
    assert!(directory.of_issuer("https://a.example", &hint("RS256")).await.unwrap().is_empty());
    let Err(error) = directory.of_issuer("https://c.example", &hint("ES256")).await else { panic!("no error") };
    assert!(error.to_string().contains("is not a trusted issuer"), "{error}");
}

#[tokio::test]
async fn a_client_with_a_subject_has_no_keystore_fallback() {
    let (client, _) = RegisteredClient::of_record(known_as("c", "https://a.example", "c"), 0);
    assert!(!client.needs_keystore() && !client.keys.in_keystore());
    let (client, _) = RegisteredClient::of_record(record("c"), 0);
    assert!(client.needs_keystore() && client.keys.in_keystore());
}
