//! A small world for tests: one client, one key that accepts a known signature, a memory of used assertions.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dropins_plugin::{
    Clients, Hint, KeyDescription, Keys, Log, LookupError, PublicKey, Reason as _, Registration, Requirement, Services,
    Unsupported, Unused,
};
use serde_json::{Value, json};

use crate::*;

/// The time of every test: 2023-11-14T22:13:20Z, in seconds.
pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const CLIENT: &str = "nwU59qy9AsDqftmwLcfmkvOhvuYa";
pub(crate) const ISSUER: &str = "https://localhost:9443";
pub(crate) const TOKEN: &str = "https://localhost:9443/oauth2/token";
pub(crate) const PAR: &str = "https://localhost:9443/oauth2/par";
/// The signature that a [`FakeKey`] accepts.
const GOOD: &[u8] = b"a good signature";

/// What a test can change, and what it can look at afterwards.
pub(crate) struct World {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    pub(crate) signature: Vec<u8>,
    /// Overrides the assertion that is made of the three above.
    pub(crate) assertion: Option<String>,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) endpoint: &'static str,
    pub(crate) now: u64,
    pub(crate) properties: Vec<(&'static str, &'static str)>,
    pub(crate) registration: Option<Registration>,
    pub(crate) keys: Result<Vec<FakeKey>, LookupError>,
    /// What later key lookups find, if it is something else.
    pub(crate) newer: Option<Vec<FakeKey>>,
    pub(crate) directory_down: bool,
    pub(crate) used: RefCell<Vec<Remembered>>,
    pub(crate) hint: RefCell<Option<Asked>>,
    pub(crate) decoys: Cell<usize>,
    pub(crate) warnings: RefCell<Vec<String>>,
    /// How many signatures were verified.
    pub(crate) verified: Rc<Cell<usize>>,
}

/// An entry of the replay store: client, `jti`, `iat`, end, whether a cache may answer, retry window.
pub(crate) type Remembered = (String, String, Option<u64>, u64, bool, u32);

/// A key lookup: `kid`, `x5t`, `x5t#S256`, `alg`.
pub(crate) type Asked = (Option<String>, Option<String>, Option<String>, &'static str);

/// One change to a good request.
pub(crate) type Change = fn(&mut World);

#[derive(Clone, Default)]
pub(crate) struct FakeKey {
    pub(crate) description: KeyDescription,
    pub(crate) unsupported: Option<Unsupported>,
    /// A real key for verification in the guest.
    pub(crate) jwk: String,
    /// Never accepts.
    pub(crate) wrong: bool,
    pub(crate) verified: Rc<Cell<usize>>,
}

impl FakeKey {
    pub(crate) fn valid(not_before: i64, not_after: i64) -> Self {
        let description =
            KeyDescription { not_before: Some(not_before), not_after: Some(not_after), ..KeyDescription::default() };
        Self { description, ..Self::default() }
    }
}

impl PublicKey for FakeKey {
    fn describe(&self) -> KeyDescription {
        self.description.clone()
    }

    fn jwk(&self) -> String {
        self.jwk.clone()
    }

    fn verify(&self, _: &str, message: &[u8], signature: &[u8]) -> Result<bool, Unsupported> {
        self.verified.set(self.verified.get() + 1);
        assert!(message.contains(&b'.') && message.iter().all(u8::is_ascii));
        self.unsupported.clone().map_or(Ok(!self.wrong && signature == GOOD), Err)
    }
}

impl Default for World {
    fn default() -> Self {
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            header: json!({"alg": "RS256"}),
            claims: json!({"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "one"}),
            signature: GOOD.to_vec(),
            assertion: None,
            form: vec![text("grant_type", "client_credentials"), text("client_assertion_type", ASSERTION_TYPE)],
            endpoint: TOKEN,
            now: NOW * 1000,
            properties: Vec::new(),
            registration: Some(Registration { id: CLIENT.to_owned(), ..Registration::default() }),
            keys: Ok(vec![FakeKey::default()]),
            newer: None,
            directory_down: false,
            used: RefCell::default(),
            hint: RefCell::default(),
            decoys: Cell::default(),
            warnings: RefCell::default(),
            verified: Rc::default(),
        }
    }
}

impl World {
    /// The form parameters, the assertion among them.
    fn form(&self) -> Vec<(String, String)> {
        let mut form = self.form.clone();
        let parts =
            [self.header.to_string().into_bytes(), self.claims.to_string().into_bytes(), self.signature.clone()];
        let assertion = || parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        form.push(("client_assertion".to_owned(), self.assertion.clone().unwrap_or_else(assertion)));
        form
    }

    pub(crate) fn judge(&self, report: &mut Report) -> Result<Client, Refusal> {
        let form = self.form();
        let request = Request {
            endpoint: self.endpoint,
            issuer: ISSUER,
            token_endpoint: TOKEN,
            form: form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
            now: self.now,
            ..Request::default()
        };
        let policy = Policy::from_properties(&self.properties).expect("good properties");
        judge(&request, &policy, &Services { clients: self, keys: self, log: self }, report)
    }

    /// The verdict: `ok`, the reason code, or `unavailable`.
    pub(crate) fn verdict(&self) -> &'static str {
        match self.judge(&mut Report::off()) {
            Ok(client) => {
                assert_eq!(client.id, CLIENT);
                if self.settle(&client) { "ok" } else { Reason::Replayed.code() }
            }
            Err(Refusal::Rejected(rejection)) => rejection.reason.code(),
            Err(Refusal::Unavailable(_)) => "unavailable",
        }
    }

    /// Settles the condition as the host does; the answer is whether it holds.
    fn settle(&self, client: &Client) -> bool {
        let Some(condition) = &client.condition else { return true };
        assert_eq!(condition.reason, Reason::Replayed);
        let Requirement::Unused(unused) = condition.requirement.clone() else { panic!("an identifier") };
        let Unused { identifier, issued_at, expires_at, cached, retry_window } = unused;
        let mut all = self.used.borrow_mut();
        let seen = all.iter().any(|(id, jti, ..)| *id == client.id && *jti == identifier);
        all.push((client.id.clone(), identifier, issued_at, expires_at, cached, retry_window));
        !seen
    }

    fn handle(&self, key: &FakeKey) -> Box<dyn PublicKey> {
        Box::new(FakeKey { verified: Rc::clone(&self.verified), ..key.clone() })
    }
}

/// The verdict about a good request after one change.
pub(crate) fn after(change: impl FnOnce(&mut World)) -> &'static str {
    let mut world = World::default();
    change(&mut world);
    world.verdict()
}

impl Clients for World {
    fn lookup(&self, client_id: &str) -> Result<Option<Registration>, String> {
        if self.directory_down {
            return Err("client directory".to_owned());
        }
        Ok(self.registration.clone().filter(|registration| registration.id == client_id))
    }
}

impl Keys for World {
    fn candidates(&self, _: &str, hint: &Hint<'_>) -> Result<Vec<Box<dyn PublicKey>>, LookupError> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let asked = Some((owned(hint.kid), owned(hint.x5t), owned(hint.x5t_s256), hint.algorithm));
        let again = self.hint.replace(asked).is_some();
        let keys = self.newer.clone().filter(|_| again).map_or_else(|| self.keys.clone(), Ok);
        Ok(keys?.iter().map(|key| self.handle(key)).collect())
    }

    fn decoy(&self, _: &str) -> Option<Box<dyn PublicKey>> {
        self.decoys.set(self.decoys.get() + 1);
        Some(self.handle(&FakeKey::default()))
    }
}

impl Log for World {
    fn warn(&self, message: &str) {
        self.warnings.borrow_mut().push(message.to_owned());
    }
}
