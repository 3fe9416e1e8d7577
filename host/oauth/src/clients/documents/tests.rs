//! Documents of a source whose answers are chosen, at a chosen time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use dropins_fetch::HostList;
use dropins_services::FixedClock;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::*;

const ID: &str = "https://client.example/id.json";
const NOW: UnixMillis = 1_800_000_000_000;
const SECOND: u64 = 1000;

struct Host {
    sets: JwksFetcher,
    answer: Mutex<Result<Document, FetchError>>,
    asked: AtomicUsize,
    doors: Semaphore,
}

impl Host {
    fn answer(&self, answer: Result<Document, FetchError>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

#[async_trait::async_trait]
impl DocumentSource for Host {
    fn settings(&self) -> &FetchSettings {
        self.sets.settings()
    }

    async fn get(&self, _url: &JwksUrl, _now: UnixMillis) -> Result<Document, FetchError> {
        self.asked.fetch_add(1, SeqCst);
        self.doors.acquire().await.unwrap().forget();
        self.answer.lock().unwrap().clone()
    }

    fn sets(&self) -> &JwksFetcher {
        &self.sets
    }
}

fn named(name: &str, lifetime: u64) -> Result<Document, FetchError> {
    let document = json!({ "client_id": ID, "client_name": name, "redirect_uris": ["https://client.example/cb"] });
    Ok(Document { body: document.to_string().into_bytes(), lifetime: Duration::from_secs(lifetime) })
}

struct Bench {
    host: Arc<Host>,
    clock: Arc<FixedClock>,
    clients: Arc<DocumentClients>,
}

impl Bench {
    fn with(mode: DocumentMode) -> Self {
        let clock = Arc::new(FixedClock::at(NOW));
        let sets = JwksFetcher::open(FetchSettings::default(), Arc::clone(&clock) as _).unwrap();
        let (answer, asked, doors) = (Mutex::new(named("one", 60)), AtomicUsize::new(0), Semaphore::new(1000));
        let host = Arc::new(Host { sets, answer, asked, doors });
        let grant_types = vec!["authorization_code".to_owned()];
        let policy = ClientIdMetadata { mode, grant_types, ..ClientIdMetadata::default() };
        let clients = DocumentClients::new(policy, Arc::clone(&host) as _, Arc::clone(&clock) as _);
        Self { host, clock, clients: Arc::new(clients) }
    }

    fn new() -> Self {
        Self::with(DocumentMode::Any)
    }

    fn at(&self, seconds: u64) {
        self.clock.set(NOW + seconds * SECOND);
    }

    async fn name(&self) -> Result<String, NoDocument> {
        self.clients.find(ID).await.map(|client| client.name.clone().unwrap_or_default())
    }
}

#[tokio::test]
async fn two_hundred_first_requests_cause_one_fetch() {
    let bench = Bench::new();
    bench.host.doors.forget_permits(usize::MAX);
    let mut requests = JoinSet::new();
    for _ in 0..200 {
        let clients = Arc::clone(&bench.clients);
        requests.spawn(async move { clients.find(ID).await.is_ok() });
    }
    while bench.host.asked() == 0 {
        tokio::task::yield_now().await;
    }
    bench.host.doors.add_permits(1000);
    while let Some(found) = requests.join_next().await {
        assert!(found.unwrap());
    }
    assert_eq!(bench.host.asked(), 1);
}

#[tokio::test]
async fn a_document_is_fetched_again_when_it_is_stale_and_a_change_is_seen() {
    let bench = Bench::new();
    assert_eq!(bench.name().await.as_deref(), Ok("one"));
    bench.host.answer(named("two", 60));
    bench.at(59);
    assert_eq!(bench.name().await.as_deref(), Ok("one"));
    bench.at(60);
    assert_eq!(bench.name().await.as_deref(), Ok("two"));
    assert_eq!(bench.host.asked(), 2);
    assert_eq!(bench.clients.stats(), DocumentStats { fetched: 2, failed: 0, changed: 1 });
    bench.clock.set(NOW - SECOND);
    assert_eq!((bench.name().await.as_deref(), bench.host.asked()), (Ok("two"), 3), "the clock was set back");
}

#[tokio::test]
async fn a_failure_is_remembered_for_ten_seconds_and_not_longer() {
    let bench = Bench::new();
    bench.host.answer(Err(FetchError::Redirect(302)));
    for (seconds, asked) in [(0, 1), (1, 1), (9, 1), (10, 2)] {
        bench.at(seconds);
        assert_eq!(bench.name().await, Err(NoDocument::Fetch(FetchError::Redirect(302))));
        assert_eq!(bench.host.asked(), asked, "after {seconds} s");
    }
    bench.host.answer(named("one", 60));
    assert!(bench.name().await.is_err());
    bench.at(20);
    assert_eq!(bench.name().await.as_deref(), Ok("one"));
}

#[tokio::test]
async fn the_last_good_document_serves_for_an_hour_while_its_host_fails() {
    let bench = Bench::new();
    bench.name().await.unwrap();
    bench.host.answer(Err(FetchError::BadStatus(500)));
    bench.at(60);
    assert_eq!(bench.name().await.as_deref(), Ok("one"));
    bench.at(60 + 3599);
    assert_eq!(bench.name().await.as_deref(), Ok("one"));
    bench.at(60 + 3600);
    assert_eq!(bench.name().await, Err(NoDocument::Fetch(FetchError::BadStatus(500))));
}

#[tokio::test]
async fn a_document_that_is_gone_or_describes_no_client_ends_the_client() {
    for (end, expected) in [
        (Err(FetchError::BadStatus(404)), "status 404"),
        (Err(FetchError::BadStatus(410)), "status 410"),
        (Ok(Document { body: b"{}".to_vec(), lifetime: Duration::ZERO }), "byte for byte"),
    ] {
        let bench = Bench::new();
        bench.name().await.unwrap();
        bench.host.answer(end);
        bench.at(60);
        let error = bench.name().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        bench.host.answer(Err(FetchError::BadStatus(500)));
        bench.at(120);
        assert!(bench.name().await.is_err(), "it does not come back");
    }
}

#[tokio::test]
async fn only_hosts_that_may_be_asked_are_asked() {
    let off = Bench::with(DocumentMode::Off);
    assert_eq!(off.name().await, Err(NoDocument::Off));
    let listed = Bench::with(DocumentMode::Listed(HostList::parse(["other.example"]).unwrap()));
    assert_eq!(listed.name().await, Err(NoDocument::NotListed));
    let any = Bench::new();
    for (id, part) in [
        ("https://client.example/a/../id.json", "normal form"),
        ("https://127.0.0.1/id.json", "private"),
        ("https://localhost/id.json", "private"),
        ("https://169.254.169.254/id.json", "never fetched"),
    ] {
        let error = any.clients.find(id).await.unwrap_err().to_string();
        assert!(error.contains(part), "{id}: {error}");
    }
    assert_eq!((off.host.asked(), listed.host.asked(), any.host.asked()), (0, 0, 0));
    let named = Bench::with(DocumentMode::Listed(HostList::parse(["client.example"]).unwrap()));
    assert!(named.name().await.is_ok());
}

#[tokio::test]
async fn an_operator_has_a_document_fetched_now() {
    let bench = Bench::new();
    bench.name().await.unwrap();
    bench.host.answer(named("two", 60));
    let client = bench.clients.refresh(ID).await.unwrap();
    assert_eq!((client.name.as_deref(), client.host.as_deref()), (Some("two"), Some("client.example")));
    bench.host.answer(Err(FetchError::BadStatus(404)));
    assert!(bench.clients.refresh(ID).await.is_err());
    assert!(bench.name().await.is_err(), "it is gone");
}
