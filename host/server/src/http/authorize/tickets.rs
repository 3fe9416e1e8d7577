//! What a page carries back: the authorization request that it is about, sealed for one browser.
//!
//! The form of a page has one hidden field. Its content can be neither read nor changed, no other browser can use it, and
//! it expires: so it is the protection against forged posts as well, and nothing is stored for people who never answer.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dropins_services::Clock;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::cookie::Browser;
use super::device::Device;
use dropins_database::{Database, StoreError};
use dropins_oauth::authorization::AuthorizationRequest;
use dropins_store::sealing_key;

/// How long a person may take for one page, in seconds.
const VALIDITY: u64 = 30 * 60;

/// The context of a sealed device; that of a ticket is the hash of its browser.
const DEVICE: &str = "device";

/// A request on its way to an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ticket {
    /// The request.
    pub(super) request: AuthorizationRequest,
    /// Whether the person signed in for this very request, as `prompt=login` and `max_age` may demand.
    pub(super) signed_in: bool,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    ticket: Ticket,
    expires_at: u64,
}

/// Where a browser is to be sent after it is signed out.
#[derive(Serialize, Deserialize)]
struct SealedReturn {
    url: String,
    expires_at: u64,
}

/// The context in which it is sealed: no ticket is one.
fn return_of(browser: &Browser) -> String {
    format!("return {}", browser.hash().as_str())
}

/// Seals and opens tickets, on all nodes alike.
#[derive(Clone)]
pub(super) struct Tickets {
    database: Database,
    key: Arc<OnceCell<RandomizedNonceKey>>,
    clock: Arc<dyn Clock>,
}

impl Tickets {
    /// Tickets under the key of this database, which is read when it is needed first.
    pub(super) fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, key: Arc::default(), clock }
    }

    async fn key(&self) -> Result<&RandomizedNonceKey, StoreError> {
        self.key.get_or_try_init(|| load(&self.database)).await
    }

    /// Seals a ticket for this browser.
    ///
    /// # Errors
    /// [`StoreError`] when there is no key to seal it with.
    pub(super) async fn seal(&self, ticket: &Ticket, browser: &Browser) -> Result<String, StoreError> {
        let expires_at = self.clock.now_seconds().saturating_add(VALIDITY);
        let sealed = Sealed { ticket: ticket.clone(), expires_at };
        seal(self.key().await?, &sealed, browser.hash().as_str())
    }

    /// Opens a ticket of this browser; none when it is another's, changed, or too old.
    ///
    /// # Errors
    /// [`StoreError`] when there is no key to open it with.
    pub(super) async fn unseal(&self, text: &str, browser: &Browser) -> Result<Option<Ticket>, StoreError> {
        let opened: Option<Sealed> = open(self.key().await?, text, browser.hash().as_str());
        let now = self.clock.now_seconds();
        Ok(opened.filter(|sealed| sealed.expires_at > now).map(|sealed| sealed.ticket))
    }

    /// Seals where this browser is to be sent after it is signed out.
    ///
    /// # Errors
    /// [`StoreError`] when there is no key to seal it with.
    pub(super) async fn seal_return(&self, url: &str, browser: &Browser) -> Result<String, StoreError> {
        let expires_at = self.clock.now_seconds().saturating_add(VALIDITY);
        let sealed = SealedReturn { url: url.to_owned(), expires_at };
        seal(self.key().await?, &sealed, &return_of(browser))
    }

    /// Opens it; none when it is another browser's, changed, or too old.
    ///
    /// # Errors
    /// [`StoreError`] when there is no key to open it with.
    pub(super) async fn unseal_return(&self, text: &str, browser: &Browser) -> Result<Option<String>, StoreError> {
        let opened: Option<SealedReturn> = open(self.key().await?, text, &return_of(browser));
        let now = self.clock.now_seconds();
        Ok(opened.filter(|sealed| sealed.expires_at > now).map(|sealed| sealed.url))
    }

    /// Seals a device for its cookie.
    ///
    /// # Errors
    /// [`StoreError`] when there is no key to seal it with.
    pub(super) async fn seal_device(&self, device: &Device) -> Result<String, StoreError> {
        seal(self.key().await?, device, DEVICE)
    }

    /// Opens the cookie of a device; none when it was changed or made elsewhere.
    ///
    /// # Errors
    /// [`StoreError`] when there is no key to open it with.
    pub(super) async fn unseal_device(&self, text: &str) -> Result<Option<Device>, StoreError> {
        Ok(open(self.key().await?, text, DEVICE))
    }
}

/// Seals a value that only the same context opens.
fn seal(key: &RandomizedNonceKey, value: &impl Serialize, context: &str) -> Result<String, StoreError> {
    let mut bytes = serde_json::to_vec(value).map_err(StoreError::unavailable)?;
    let nonce = key.seal_in_place_append_tag(Aad::from(context), &mut bytes).map_err(StoreError::unavailable)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &bytes].concat()))
}

fn open<T: DeserializeOwned>(key: &RandomizedNonceKey, text: &str, context: &str) -> Option<T> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut sealed = sealed.to_vec();
    let opened = key.open_in_place(nonce, Aad::from(context), &mut sealed).ok()?;
    serde_json::from_slice(opened).ok()
}

/// Reads the key; the first node makes it.
async fn load(database: &Database) -> Result<RandomizedNonceKey, StoreError> {
    let key = sealing_key(database).await?;
    RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(StoreError::corrupt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_services::FixedClock;
    use dropins_store::testing::{database, on_every_engine};

    fn ticket() -> Ticket {
        let request = AuthorizationRequest {
            client_id: "app".to_owned(),
            redirect_uri: "https://app.example/cb".to_owned(),
            redirect_uri_given: true,
            scope: vec!["openid".to_owned()],
            state: Some("secret-state".to_owned()),
            nonce: None,
            code_challenge: None,
            prompt: Vec::new(),
            max_age: None,
            login_hint: None,
        };
        Ticket { request, signed_in: false }
    }

    #[tokio::test]
    async fn only_the_same_browser_opens_a_ticket_and_only_for_half_an_hour() {
        let (database, _folder) = database();
        let clock = Arc::new(FixedClock::at(1_000_000));
        let tickets = Tickets::new(database, Arc::clone(&clock) as _);
        let (mine, other) = (Browser::new().unwrap(), Browser::new().unwrap());
        let text = tickets.seal(&ticket(), &mine).await.unwrap();
        assert_ne!(text, tickets.seal(&ticket(), &mine).await.unwrap());
        assert_eq!(tickets.unseal(&text, &mine).await.unwrap(), Some(ticket()));
        assert_eq!(tickets.unseal(&text, &other).await.unwrap(), None);
        clock.set(1_000_000 + VALIDITY * 1000 - 1);
        assert_eq!(tickets.unseal(&text, &mine).await.unwrap(), Some(ticket()));
        clock.set(1_000_000 + VALIDITY * 1000);
        assert_eq!(tickets.unseal(&text, &mine).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_ticket_can_be_neither_read_nor_changed_nor_made_elsewhere() {
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(0));
        let (here, elsewhere) = (database(), database());
        let tickets = Tickets::new(here.0.clone(), Arc::clone(&clock));
        let browser = Browser::new().unwrap();
        let text = tickets.seal(&ticket(), &browser).await.unwrap();
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&text).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("secret-state"));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let changed = BASE64_URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(tickets.unseal(&changed, &browser).await.unwrap(), None, "byte {at}");
        }
        for wrong in ["", "a", "!", "AAAAAAAAAAAAAAAA", &text[1..], &format!("{text}A")] {
            assert_eq!(tickets.unseal(wrong, &browser).await.unwrap(), None, "{wrong}");
        }
        assert_eq!(Tickets::new(elsewhere.0.clone(), clock).unseal(&text, &browser).await.unwrap(), None);
    }

    #[tokio::test]
    async fn the_way_back_is_sealed_for_one_browser_and_is_no_ticket() {
        let (database, _folder) = database();
        let clock = Arc::new(FixedClock::at(0));
        let tickets = Tickets::new(database, Arc::clone(&clock) as _);
        let (mine, other) = (Browser::new().unwrap(), Browser::new().unwrap());
        let text = tickets.seal_return("https://app.example/bye", &mine).await.unwrap();
        let opened = tickets.unseal_return(&text, &mine).await.unwrap();
        assert_eq!(opened.as_deref(), Some("https://app.example/bye"));
        assert_eq!(tickets.unseal_return(&text, &other).await.unwrap(), None);
        assert_eq!(tickets.unseal(&text, &mine).await.unwrap(), None);
        let ticket = tickets.seal(&ticket(), &mine).await.unwrap();
        assert_eq!(tickets.unseal_return(&ticket, &mine).await.unwrap(), None);
        clock.set(VALIDITY * 1000);
        assert_eq!(tickets.unseal_return(&text, &mine).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_device_is_sealed_and_is_no_ticket() {
        let (database, _folder) = database();
        let tickets = Tickets::new(database, Arc::new(FixedClock::at(0)) as _);
        let device = Device::new("jane").unwrap();
        let text = tickets.seal_device(&device).await.unwrap();
        assert_eq!(tickets.unseal_device(&text).await.unwrap(), Some(device));
        let browser = Browser::new().unwrap();
        assert_eq!(tickets.unseal(&text, &browser).await.unwrap(), None);
        let ticket = tickets.seal(&ticket(), &browser).await.unwrap();
        for wrong in ["", "AAAA", &text[1..], &ticket] {
            assert_eq!(tickets.unseal_device(wrong).await.unwrap(), None, "{wrong}");
        }
    }

    #[tokio::test]
    async fn every_node_has_the_key_that_the_first_one_made() {
        on_every_engine(async |fresh| {
            let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(0));
            let nodes: Vec<_> = [fresh.open().await, fresh.open().await]
                .into_iter()
                .map(|database| Tickets::new(database, Arc::clone(&clock)))
                .collect();
            let browser = Browser::new().unwrap();
            let sealed = ticket();
            let (one, other) = tokio::join!(nodes[0].seal(&sealed, &browser), nodes[1].seal(&sealed, &browser));
            assert_eq!(nodes[1].unseal(&one.unwrap(), &browser).await.unwrap().as_ref(), Some(&sealed));
            assert_eq!(nodes[0].unseal(&other.unwrap(), &browser).await.unwrap(), Some(sealed), "{}", fresh.engine);
        })
        .await;
    }
}
