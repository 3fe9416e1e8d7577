//! One authentication through the component, beside the bare signature verification that it cannot do without.
//!
//! `bare` verifies with aws-lc-rs under a key that was parsed before. `host` is a whole decision: a fresh instance, the
//! assertion parsed and judged in the component, verification by the host, the `jti` remembered in memory.
//! `reused` is the same with `isolation = "pooled"`, `guest` with the verification inside the component. The table at the end comes from rounds in which the
//! four take turns, so that whatever else the machine does weighs on all of them alike.
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]
#![allow(missing_docs, reason = "the macros of criterion make public items")]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{Criterion, criterion_group, criterion_main};
use dropins_host::services::{
    ClientDirectory, FixedClock, Memory, Registration, ReplayStore, Services, Unavailable, Use,
};
use dropins_host::{Binding, Candidate, Engine, Generation, Isolation, Limits, Listener, Request, Validated, Verdict};
use dropins_keys::{Algorithm, KeyFamily, KeyInput, KeySet, SigningKey, StaticKeySource};
use serde_json::json;
use tokio::runtime::Runtime;

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLIENT: &str = "nwU59qy9AsDqftmwLcfmkvOhvuYa";
const TOKEN_ENDPOINT: &str = "https://localhost:9443/oauth2/token";
const NOW: u64 = 1_800_000_000;

/// Algorithm, and its verifier in aws-lc-rs.
const ALGORITHMS: [(Algorithm, &dyn VerificationAlgorithm); 7] = [
    (Algorithm::Rs256, &signature::RSA_PKCS1_2048_8192_SHA256),
    (Algorithm::Ps256, &signature::RSA_PSS_2048_8192_SHA256),
    (Algorithm::Es256, &signature::ECDSA_P256_SHA256_FIXED),
    (Algorithm::EdDsa, &signature::ED25519),
    (Algorithm::MlDsa44, &signature::ML_DSA_44),
    (Algorithm::MlDsa65, &signature::ML_DSA_65),
    (Algorithm::MlDsa87, &signature::ML_DSA_87),
];

/// One client; and a memory that takes every use for the first, so that one assertion serves all iterations.
struct OneClient;

#[async_trait::async_trait]
impl ClientDirectory for OneClient {
    async fn lookup(&self, client_id: &str) -> Result<Option<Registration>, Unavailable> {
        let auth_method = Some("private_key_jwt".to_owned());
        Ok(Some(Registration { id: client_id.to_owned(), auth_method, ..Registration::default() }))
    }

    async fn check_secret(&self, _client_id: &str, _secret: &str) -> Result<bool, Unavailable> {
        Ok(false)
    }
}

#[async_trait::async_trait]
impl ReplayStore for OneClient {
    async fn remember(&self, used: Use) -> Result<Memory, Unavailable> {
        black_box(used);
        Ok(Memory::First)
    }

    async fn peek(&self, _used: Use) -> Result<Memory, Unavailable> {
        Ok(Memory::First)
    }
}

/// What one algorithm is measured with.
struct Subject {
    algorithm: Algorithm,
    parsed: ParsedPublicKey,
    signed: String,
    signature: Vec<u8>,
    keys: Arc<KeySet>,
    request: Request,
}

impl Subject {
    fn new(algorithm: Algorithm, verifier: &'static dyn VerificationAlgorithm) -> Self {
        let key = SigningKey::generate(KeyFamily::for_algorithm(algorithm)).unwrap();
        let claims = json!({
            "iss": CLIENT, "sub": CLIENT, "aud": TOKEN_ENDPOINT, "jti": "10003", "iat": NOW, "exp": NOW + 300,
        });
        let assertion = key.compact_jws(&json!({ "alg": algorithm.name(), "typ": "JWT" }), &claims).unwrap();
        let (signed, signature) = assertion.rsplit_once('.').unwrap();
        let pem = key.public_key_pem().unwrap();

        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let form =
            [("grant_type", "client_credentials"), ("client_assertion_type", kind), ("client_assertion", &assertion)];
        Self {
            algorithm,
            parsed: ParsedPublicKey::new(verifier, spki(&pem)).unwrap(),
            signed: signed.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature).unwrap(),
            keys: Arc::new(KeySet::read(&[KeyInput::Certificate { name: None, bytes: pem.as_bytes() }], 0).0),
            request: Request {
                endpoint: TOKEN_ENDPOINT.to_owned(),
                issuer: "https://localhost:9443/oauth2/token".to_owned(),
                token_endpoint: TOKEN_ENDPOINT.to_owned(),
                form: form.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
                ..Request::default()
            },
        }
    }

    async fn generation(
        &self,
        engine: &Engine,
        plugins: &[Validated],
        verification: &str,
        isolation: Isolation,
    ) -> Generation {
        let services = Services {
            clients: Arc::new(OneClient),
            keys: Arc::new(StaticKeySource::new(HashMap::from([(CLIENT.to_owned(), Arc::clone(&self.keys))]))),
            replay: Arc::new(OneClient),
            clock: Arc::new(FixedClock::at(NOW * 1000)),
        };
        let listener = Listener {
            id: "bench".to_owned(),
            binding: Binding::Name("private_key_jwt_authenticator".to_owned()),
            order: 1,
            properties: vec![
                ("SignatureVerification".to_owned(), verification.to_owned()),
                ("AllowedAlgorithms".to_owned(), self.algorithm.name().to_owned()),
            ],
            pin: None,
            isolation,
            shadow: None,
        };
        let assembled = Generation::assemble(engine, services, &(), 1, &[listener], plugins).await;
        assembled.map_err(|errors| format!("{errors:?}")).unwrap()
    }
}

/// The bytes of a PEM text with one block.
fn spki(pem: &str) -> Vec<u8> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(base64).unwrap()
}

/// One algorithm: its subject, and a server for each place of verification.
struct Contest {
    name: &'static str,
    runtime: Runtime,
    subject: Subject,
    host: Generation,
    reused: Generation,
    guest: Generation,
}

impl Contest {
    fn bare(&self) {
        self.subject.parsed.verify_sig(black_box(self.subject.signed.as_bytes()), &self.subject.signature).unwrap();
    }

    fn authenticate(&self, generation: &Generation) {
        let decision = self.runtime.block_on(generation.authenticate(black_box(&self.subject.request)));
        assert!(matches!(decision.verdict, Verdict::Authenticated(_)), "{decision:?}");
    }

    /// Medians of many short turns, in microseconds.
    fn compare(&self) -> [f64; 4] {
        let mut samples = [const { Vec::new() }; 4];
        for _ in 0..500 {
            let [bare, host, reused, guest] = &mut samples;
            bare.push(mean(40, || self.bare()));
            host.push(mean(20, || self.authenticate(&self.host)));
            reused.push(mean(20, || self.authenticate(&self.reused)));
            guest.push(mean(4, || self.authenticate(&self.guest)));
        }
        samples.map(|mut samples| {
            samples.sort_by(f64::total_cmp);
            samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
        })
    }
}

/// Microseconds that one of `times` runs takes.
fn mean(times: u32, run: impl Fn()) -> f64 {
    let started = Instant::now();
    (0..times).for_each(|_| run());
    started.elapsed().as_secs_f64() * 1e6 / f64::from(times)
}

fn authentication(criterion: &mut Criterion) {
    let engine = Engine::new(Limits::default(), None).unwrap();
    let component = Candidate::new("private_key_jwt_authenticator.wasm", dropins_components::PRIVATE_KEY_JWT);
    let plugins = [Runtime::new().unwrap().block_on(component.validate(&engine)).unwrap()];
    let mut table = vec![format!("{:8}{:>10}{:>12}{:>20}{:>20}", "", "bare", "host", "reused", "guest")];
    for (algorithm, verifier) in ALGORITHMS {
        let (runtime, subject) = (Runtime::new().unwrap(), Subject::new(algorithm, verifier));
        let ways = [("host", Isolation::Fresh), ("host", Isolation::Pooled), ("guest", Isolation::Fresh)];
        let [host, reused, guest] =
            ways.map(|(place, isolation)| runtime.block_on(subject.generation(&engine, &plugins, place, isolation)));
        let contest = Contest { name: algorithm.name(), runtime, subject, host, reused, guest };
        let mut group = criterion.benchmark_group(contest.name);
        group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(5));
        group.bench_function("bare", |bencher| bencher.iter(|| contest.bare()));
        group.bench_function("host", |bencher| bencher.iter(|| contest.authenticate(&contest.host)));
        group.bench_function("guest", |bencher| bencher.iter(|| contest.authenticate(&contest.guest)));
        group.finish();
        let [bare, ways @ ..] = contest.compare();
        let ways = ways.map(|time| format!("{time:>9.1} µs ({:.2}x)", time / bare));
        table.push(format!("{:8}{bare:>7.1} µs{}", contest.name, ways.join("")));
    }
    println!("{}", table.join("\n"));
}

criterion_group!(benches, authentication);
criterion_main!(benches);
