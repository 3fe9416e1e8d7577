//! Clients and their keys on every engine.

use std::sync::Arc;
use std::time::Duration;

use dropins_services::FixedClock;

use super::*;
use crate::grants::{Grants, RefreshError};
use crate::testing::on_every_engine;
use crate::users::Users;
use dropins_database::{Database, StoreError};
use dropins_protocol::secret_hash::SecretHash;
use dropins_protocol::{FederatedSubject, Secret, TokenAlgorithm, TokenHash, UpstreamClient};

const HOUR: Duration = Duration::from_secs(3600);

/// Runs a case over a fresh database of each engine.
async fn on_every_store(case: impl AsyncFn(IdentityStore, Database)) {
    on_every_engine(async |fresh| {
        let database = fresh.open().await;
        case(IdentityStore::new(database.clone()), database).await;
    })
    .await;
}

fn record(client_id: &str) -> ClientRecord {
    ClientRecord { client_id: client_id.to_owned(), enabled: true, ..ClientRecord::default() }
}

fn pair(issuer: &str, subject: &str) -> FederatedSubject {
    FederatedSubject { issuer: issuer.to_owned(), subject: subject.to_owned() }
}

fn full(client_id: &str) -> ClientRecord {
    let text = |text: &str| Some(text.to_owned());
    ClientRecord {
        client_id: client_id.to_owned(),
        name: text("A \"name\" with ü"),
        enabled: false,
        auth_method: text("client_secret_basic"),
        signing_alg: text("ES256"),
        id_token_signed_response_alg: Some(TokenAlgorithm::Es256),
        grant_types: vec!["client_credentials".to_owned()],
        redirect_uris: vec!["https://c.example/cb".to_owned(), "http://127.0.0.1/".to_owned()],
        post_logout_redirect_uris: vec!["https://c.example/bye".to_owned()],
        scopes: vec!["read".to_owned(), "write".to_owned()],
        secret: Some(SecretHash::of("s3cret").unwrap()),
        certificate: text("-----BEGIN CERTIFICATE-----"),
        jwks: text("{\"keys\":[]}"),
        jwks_uri: text("https://c.example/jwks"),
        federated: vec![pair("https://issuer.example", client_id)],
        overrides: vec![("AllowedAlgorithms".to_owned(), vec!["ES256".to_owned(), "PS256".to_owned()])],
        upstream: UpstreamClient {
            issuer: text("https://as.example.com"),
            client_id: text("at the upstream"),
            secret: Some(Secret::new("s3cret at the upstream")),
        },
        registration_token: Some(TokenHash::of("token")),
        revision: 0,
        created_at: 1_700_000_000,
        updated_at: 1_700_000_001,
    }
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    on_every_store(async |store, _| {
        let full = full("c");
        store.insert(full.clone()).await.unwrap();
        store.insert(record("bare")).await.unwrap();
        assert_eq!(store.find("c").await.unwrap(), Some(ClientRecord { revision: 1, ..full }));
        assert_eq!(store.find("bare").await.unwrap(), Some(ClientRecord { revision: 1, ..record("bare") }));
        assert_eq!(store.find("C").await.unwrap(), None);
        assert_eq!(store.count().await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_second_client_with_the_same_id_is_rejected() {
    on_every_store(async |store, _| {
        store.insert(record("c")).await.unwrap();
        assert_eq!(store.insert(full("c")).await, Err(ClientError::Exists { client_id: "c".to_owned() }));
        store.insert(record("C")).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_subject_is_one_client_until_that_one_lets_go_of_it() {
    on_every_store(async |store, _| {
        let of = |client_id: &str, subjects: &[&str]| {
            let federated = subjects.iter().map(|subject| pair("https://issuer.example", subject)).collect();
            ClientRecord { federated, ..record(client_id) }
        };
        let long = "s".repeat(2000);
        let owner = async |subject: &str| store.find_subject(&pair("https://issuer.example", subject)).await.unwrap();
        store.insert(of("a", &["one", &long, "one"])).await.unwrap();
        assert_eq!(owner("one").await.as_deref(), Some("a"));
        assert_eq!(owner(&long).await.as_deref(), Some("a"));
        assert_eq!((owner("One").await, owner(&long[1..]).await), (None, None));
        assert_eq!(store.find_subject(&pair("https://issuer.example/", "one")).await.unwrap(), None);
        let taken = |owner: &str| {
            let (issuer, subject) = ("https://issuer.example".to_owned(), "one".to_owned());
            Err(ClientError::SubjectTaken { issuer, subject, owner: owner.to_owned() })
        };
        assert_eq!(store.insert(of("b", &["two", "one"])).await, taken("a"));
        assert_eq!((store.find("b").await.unwrap(), owner("two").await), (None, None), "nothing is written");
        store.insert(of("b", &["two"])).await.unwrap();
        let read = async |client_id: &str| store.find(client_id).await.unwrap().unwrap();
        let with = async |client_id: &str, subjects: &[&str]| ClientRecord {
            federated: of("", subjects).federated,
            ..read(client_id).await
        };
        assert_eq!(store.update(with("b", &["one"]).await).await, taken("a"));
        assert_eq!(owner("two").await.as_deref(), Some("b"));
        store.update(with("a", &["three"]).await).await.unwrap();
        store.update(with("b", &["one"]).await).await.unwrap();
        assert_eq!((owner("one").await.as_deref(), owner("two").await), (Some("b"), None));
        store.remove("b", false, 1_700_000_000).await.unwrap();
        assert_eq!((owner("one").await, owner("three").await.as_deref()), (None, Some("a")));
    })
    .await;
}

#[tokio::test]
async fn only_the_revision_that_was_read_can_be_replaced() {
    on_every_store(async |store, _| {
        let unknown = ClientError::Unknown { client_id: "c".to_owned() };
        assert_eq!(store.update(record("c")).await, Err(unknown.clone()));
        store.insert(record("c")).await.unwrap();
        let first = store.find("c").await.unwrap().unwrap();
        store.update(ClientRecord { name: Some("one".to_owned()), ..first.clone() }).await.unwrap();
        let late = store.update(ClientRecord { name: Some("two".to_owned()), ..first }).await;
        assert_eq!(late, Err(ClientError::Changed { client_id: "c".to_owned() }));
        assert_eq!(store.find("c").await.unwrap().unwrap().name.as_deref(), Some("one"));
    })
    .await;
}

#[tokio::test]
async fn pages_follow_the_byte_order_of_ids() {
    on_every_store(async |store, _| {
        for client_id in ["b", "a", "B", "~", "a0"] {
            store.insert(record(client_id)).await.unwrap();
        }
        let ids = |page: Vec<ClientRecord>| page.into_iter().map(|client| client.client_id).collect::<Vec<_>>();
        assert_eq!(ids(store.page("", 3).await.unwrap()), ["B", "a", "a0"]);
        assert_eq!(ids(store.page("a0", 3).await.unwrap()), ["b", "~"]);
        assert_eq!(ids(store.page("~", 3).await.unwrap()), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn every_change_has_a_higher_number_and_names_its_client() {
    on_every_store(async |store, database| {
        assert_eq!((store.version().await.unwrap(), store.changes(0).await.unwrap()), (0, Changes::Clients(vec![])));
        store.insert(record("a")).await.unwrap();
        store.insert(record("b")).await.unwrap();
        let two = store.version().await.unwrap();
        store.remove("a", false, 0).await.unwrap();
        assert!(!store.remove("a", false, 0).await.unwrap());
        let b = store.find("b").await.unwrap().unwrap();
        store.update(b).await.unwrap();
        assert_eq!(store.version().await.unwrap(), two + 2);
        assert_eq!(store.changes(two).await.unwrap(), Changes::Clients(vec!["a".to_owned(), "b".to_owned()]));
        // By hand, as an operator would.
        database.execute("UPDATE DROPINS_CLIENT_VERSION SET LATEST = LATEST + 1", vec![]).await.unwrap();
        assert_eq!(store.version().await.unwrap(), two + 3);
        assert_eq!(store.changes(two + 2).await.unwrap(), Changes::TooMany);
    })
    .await;
}

#[tokio::test]
async fn the_log_of_changes_is_bounded() {
    on_every_store(async |store, database| {
        let log = "INSERT INTO DROPINS_CLIENT_CHANGE (VERSION, CLIENT_ID) VALUES (?, 'c')";
        for version in [20_000_u64, 20_001, 20_002, 30_000] {
            database.execute(log, vec![version.into()]).await.unwrap();
        }
        database.execute("UPDATE DROPINS_CLIENT_VERSION SET LATEST = 30000", vec![]).await.unwrap();
        store.insert(record("new")).await.unwrap();
        let kept = database.query("SELECT VERSION FROM DROPINS_CLIENT_CHANGE ORDER BY VERSION", vec![]).await.unwrap();
        let kept: Vec<_> = kept.iter().map(|row| row.unsigned(0).unwrap()).collect();
        assert_eq!(kept, [20_002, 30_000, 30_001]);
        assert_eq!(store.changes(20_001).await.unwrap(), Changes::TooMany);
        let latest = Changes::Clients(vec!["c".to_owned(), "new".to_owned()]);
        assert_eq!(store.changes(29_999).await.unwrap(), latest);
    })
    .await;
}

#[tokio::test]
async fn the_ledger_keeps_the_first_sight_and_the_last_use() {
    on_every_store(async |store, _| {
        let entry = |thumbprint: &str, first_seen, last_used| KeyUse {
            client_id: "c".to_owned(),
            thumbprint: thumbprint.to_owned(),
            source: "jwks".to_owned(),
            first_seen,
            last_used,
        };
        store.record(vec![entry("a", 10, None), entry("b", 10, Some(20))]).await.unwrap();
        store.record(vec![entry("a", 30, None), entry("b", 30, None), entry("b", 30, Some(15))]).await.unwrap();
        assert_eq!(store.uses("c").await.unwrap(), [entry("b", 10, Some(20)), entry("a", 10, None)]);
        store.record(vec![entry("a", 50, Some(60))]).await.unwrap();
        assert_eq!(store.uses("c").await.unwrap(), [entry("a", 10, Some(60)), entry("b", 10, Some(20))]);
        store.insert(record("c")).await.unwrap();
        store.remove("c", false, 0).await.unwrap();
        assert_eq!(store.uses("c").await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn consents_go_with_their_client_and_with_no_other() {
    on_every_store(async |store, database| {
        let users = Users::new(database, Arc::new(FixedClock::at(0)));
        for client_id in ["a", "b"] {
            store.insert(record(client_id)).await.unwrap();
            users.allow("jane", client_id, &[]).await.unwrap();
        }
        assert!(store.remove("a", false, 0).await.unwrap());
        assert!(!users.has_allowed("jane", "a", &[]).await.unwrap());
        assert!(users.has_allowed("jane", "b", &[]).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_client_that_the_configuration_declares_too_keeps_what_it_was_given() {
    on_every_store(async |store, database| {
        let users = Users::new(database.clone(), Arc::new(FixedClock::at(0)));
        let grants = Grants::new(database, Arc::new(FixedClock::at(0)));
        store.insert(record("a")).await.unwrap();
        users.allow("jane", "a", &[]).await.unwrap();
        let family = grants.family_of_client("a", &[], HOUR).unwrap();
        let token = grants.start_family(&family, HOUR, None).await.unwrap();
        assert!(store.remove("a", true, 0).await.unwrap());
        assert!(store.find("a").await.unwrap().is_none() && users.has_allowed("jane", "a", &[]).await.unwrap());
        grants.refresh_token(&token, "a").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_a_client_was_given_goes_with_it() {
    on_every_store(async |store, database| {
        let grants = Grants::new(database, Arc::new(FixedClock::at(0)));
        let mut tokens = Vec::new();
        for client_id in ["a", "b"] {
            store.insert(record(client_id)).await.unwrap();
            let family = grants.family_of_client(client_id, &[], HOUR).unwrap();
            tokens.push(grants.start_family(&family, HOUR, None).await.unwrap());
        }
        assert!(store.remove("a", false, 0).await.unwrap());
        store.insert(record("a")).await.unwrap();
        assert_eq!(grants.refresh_token(&tokens[0], "a").await, Err(RefreshError::Revoked));
        grants.refresh_token(&tokens[1], "b").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_ledger_of_one_client_is_bounded() {
    on_every_store(async |store, _| {
        let uses = (0..600).map(|number| KeyUse {
            client_id: "c".to_owned(),
            thumbprint: format!("t{number:03}"),
            source: "jwks_uri".to_owned(),
            first_seen: number,
            last_used: Some(number),
        });
        store.record(uses.collect()).await.unwrap();
        let kept = store.uses("c").await.unwrap();
        assert_eq!((kept.len(), kept[0].thumbprint.as_str()), (128, "t599"));
    })
    .await;
}

#[tokio::test]
async fn a_damaged_row_is_an_error_of_its_client_only() {
    on_every_store(async |store, database| {
        store.insert(record("good")).await.unwrap();
        store.insert(record("bad")).await.unwrap();
        for damage in [
            "UPDATE DROPINS_CLIENT SET SCOPES = 'read' WHERE CLIENT_ID = 'bad'",
            "UPDATE DROPINS_CLIENT SET SCOPES = '[]', SECRET_HASH = 'plain' WHERE CLIENT_ID = 'bad'",
            "UPDATE DROPINS_CLIENT SET SECRET_HASH = NULL, ID_TOKEN_SIGNED_RESPONSE_ALG = 'none' WHERE CLIENT_ID = 'bad'",
        ] {
            database.execute(damage, vec![]).await.unwrap();
            assert!(matches!(store.find("bad").await, Err(StoreError::Corrupt { .. })), "{damage}");
            assert!(store.find("good").await.unwrap().is_some());
        }
    })
    .await;
}

#[tokio::test]
async fn a_secret_at_an_upstream_is_sealed_for_its_client() {
    on_every_store(async |store, database| {
        store.insert(full("c")).await.unwrap();
        store.insert(record("other")).await.unwrap();
        let select = "SELECT UPSTREAM_CLIENT_SECRET FROM DROPINS_CLIENT WHERE CLIENT_ID = ?";
        let rows = database.query(select, vec!["c".into()]).await.unwrap();
        let sealed = rows[0].text("UPSTREAM_CLIENT_SECRET").unwrap();
        assert!(!sealed.contains("s3cret"), "{sealed}");
        let page = store.page("", 10).await.unwrap();
        assert_eq!(page[0].upstream.secret, Some(Secret::new("s3cret at the upstream")));
        let moved = "UPDATE DROPINS_CLIENT SET UPSTREAM_CLIENT_SECRET = ? WHERE CLIENT_ID = ?";
        database.execute(moved, vec![sealed.as_str().into(), "other".into()]).await.unwrap();
        assert!(store.find("other").await.unwrap_err().to_string().contains("UPSTREAM_CLIENT_SECRET"));
        assert!(store.find("c").await.unwrap().is_some());
    })
    .await;
}
