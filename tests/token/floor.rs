//! The floor: a bare server that does what no server of token requests can leave out, and nothing else.
//!
//! It parses the assertion, verifies its signature and claims, remembers the `jti` in SQLite before it answers, by group
//! commit on a plain thread, and signs an access token. One rule, one answer to all failures, no log.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::{Arc, mpsc};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self, EcdsaKeyPair, ParsedPublicKey, VerificationAlgorithm};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64URL};
use dropins_host::services::{Clock as _, SystemClock};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

/// What commits at once share.
const BATCH: usize = 256;

struct Floor {
    issuer: String,
    clients: HashMap<String, (String, ParsedPublicKey)>,
    writer: mpsc::Sender<Used>,
    key: EcdsaKeyPair,
    random: SystemRandom,
}

struct Used {
    client: String,
    claims: Claims,
    is_first: oneshot::Sender<bool>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    jti: String,
    exp: u64,
}

/// Serves the clients of a job file until it is killed, with a database beside the file.
pub(crate) fn serve(job: &Path) {
    let database = Connection::open(job.with_extension("floor.db")).unwrap();
    let schema = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                  CREATE TABLE used (client TEXT, jti TEXT, exp INTEGER, PRIMARY KEY (client, jti)) WITHOUT ROWID";
    database.execute_batch(schema).unwrap();
    let (writer, queue) = mpsc::channel();
    std::thread::spawn(move || write(&database, &queue));
    let job: Value = serde_json::from_slice(&std::fs::read(job).unwrap()).unwrap();
    let clients = job["clients"].as_array().unwrap().iter().map(|client| {
        let text = |name: &str| client[name].as_str().unwrap().to_owned();
        let der: String = text("pem").lines().filter(|line| !line.starts_with('-')).collect();
        let key = ParsedPublicKey::new(verifier(&text("alg")), BASE64_STANDARD.decode(der).unwrap()).unwrap();
        (text("client_id"), (text("alg"), key))
    });
    let floor = Floor {
        issuer: job["issuer"].as_str().unwrap().to_owned(),
        clients: clients.collect(),
        writer,
        key: EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
        random: SystemRandom::new(),
    };
    let router = Router::new().route("/oauth2/token", post(token)).with_state(Arc::new(floor));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        println!("listening on http://{}", listener.local_addr().unwrap());
        axum::serve(listener.tap_io(|stream| stream.set_nodelay(true).unwrap()), router).await.unwrap();
    });
}

fn verifier(algorithm: &str) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
        "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
        "ES256" => &signature::ECDSA_P256_SHA256_FIXED,
        _ => &signature::ED25519,
    }
}

/// Remembers what waits in one transaction, and answers after its commit.
fn write(database: &Connection, queue: &mpsc::Receiver<Used>) {
    while let Ok(first) = queue.recv() {
        let batch: Vec<Used> = std::iter::once(first).chain(queue.try_iter()).take(BATCH).collect();
        database.prepare_cached("BEGIN IMMEDIATE").unwrap().execute([]).unwrap();
        let mut insert = database.prepare_cached("INSERT OR IGNORE INTO used VALUES (?, ?, ?)").unwrap();
        let insert = |used: &Used| insert.execute((&used.client, &used.claims.jti, used.claims.exp)).unwrap() == 1;
        let firsts: Vec<bool> = batch.iter().map(insert).collect();
        database.prepare_cached("COMMIT").unwrap().execute([]).unwrap();
        batch.into_iter().zip(firsts).for_each(|(used, first)| used.is_first.send(first).unwrap_or_default());
    }
}

async fn token(State(floor): State<Arc<Floor>>, body: Bytes) -> impl IntoResponse {
    match floor.answer(&body).await {
        Some(answer) => (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], answer),
        None => (StatusCode::UNAUTHORIZED, [(header::CONTENT_TYPE, "application/json")], String::new()),
    }
}

impl Floor {
    async fn answer(&self, body: &[u8]) -> Option<String> {
        let form: HashMap<_, _> = form_urlencoded::parse(body).collect();
        let (signed, signature) = form.get("client_assertion")?.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        let head: Head = serde_json::from_slice(&BASE64URL.decode(head).ok()?).ok()?;
        let claims: Claims = serde_json::from_slice(&BASE64URL.decode(claims).ok()?).ok()?;
        let (algorithm, key) = self.clients.get(&claims.sub)?;
        let now = SystemClock.now_seconds();
        let good = claims.iss == claims.sub && claims.aud == self.issuer && claims.exp > now && head.alg == *algorithm;
        if form.get("grant_type")? != "client_credentials" || !good {
            return None;
        }
        key.verify_sig(signed.as_bytes(), &BASE64URL.decode(signature).ok()?).ok()?;
        let client = claims.sub.clone();
        let (is_first, answer) = oneshot::channel();
        self.writer.send(Used { client: client.clone(), claims, is_first }).ok()?;
        answer.await.ok().filter(|first| *first)?;
        let token = self.sign(&client, now);
        Some(json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3600 }).to_string())
    }

    fn sign(&self, client: &str, now: u64) -> String {
        let mut id = [0; 16];
        aws_lc_rs::rand::fill(&mut id).unwrap();
        let head = json!({ "alg": "ES256", "typ": "at+jwt", "kid": "floor" });
        let claims = json!({
            "iss": self.issuer, "sub": client, "aud": self.issuer, "client_id": client, "jti": BASE64URL.encode(id),
            "iat": now, "exp": now + 3600,
        });
        let signed = format!("{}.{}", BASE64URL.encode(head.to_string()), BASE64URL.encode(claims.to_string()));
        let signature = self.key.sign(&self.random, signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64URL.encode(signature))
    }
}
