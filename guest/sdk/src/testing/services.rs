//! The services of one call to a test server.

use std::cell::RefCell;
use std::rc::Rc;

use super::asked::Asked;
use super::key::TestKey;
use super::server::TestServer;
use crate::services::{
    Clients, Hint, KeyDescription, Keys, Level, Log, LookupError, PublicKey, Registration, Unsupported,
};

/// The largest number of candidates that a host names.
const MAX_CANDIDATES: usize = 8;

/// The services of one call, with the lines that it logs.
pub(super) struct Desk<'a> {
    server: &'a TestServer,
    log: RefCell<Vec<(Level, String)>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(server: &'a TestServer) -> Self {
        Self { server, log: RefCell::default() }
    }

    pub(super) fn into_log(self) -> Vec<(Level, String)> {
        self.log.into_inner()
    }

    fn find(&self, is_meant: impl Fn(&super::client::TestClient) -> bool) -> Result<Option<Registration>, String> {
        if self.server.directory_down {
            return Err("client directory".to_owned());
        }
        let client = self.server.clients.iter().find(|client| is_meant(client));
        Ok(client.map(|client| client.registration.clone()))
    }

    /// The keys that fit, from the second look-up on the newer ones.
    fn keys(
        &self,
        keys: &Result<Vec<TestKey>, LookupError>,
        newer: Option<&Vec<TestKey>>,
        hint: &Hint<'_>,
    ) -> Result<Vec<Box<dyn PublicKey>>, LookupError> {
        let mut asked = self.server.asked.borrow_mut();
        asked.hints.push(hint.into());
        let keys = match newer.filter(|_| asked.hints.len() > 1) {
            Some(newer) => newer,
            None => keys.as_ref().map_err(Clone::clone)?,
        };
        Ok(keys.iter().filter(|key| key.fits(hint)).take(MAX_CANDIDATES).map(|key| self.handle(key)).collect())
    }

    fn handle(&self, key: &TestKey) -> Box<dyn PublicKey> {
        Box::new(Handle { key: key.clone(), asked: Rc::clone(&self.server.asked) })
    }
}

impl Clients for Desk<'_> {
    fn lookup(&self, client_id: &str) -> Result<Option<Registration>, String> {
        self.server.asked.borrow_mut().clients.push(client_id.to_owned());
        self.find(|client| client.registration.id == client_id)
    }

    fn lookup_subject(&self, issuer: &str, subject: &str) -> Result<Option<Registration>, String> {
        self.server.asked.borrow_mut().subjects.push((issuer.to_owned(), subject.to_owned()));
        let is_trusted = self.server.issuers.iter().any(|trusted| trusted.issuer == issuer);
        self.find(|client| is_trusted && client.subjects.iter().any(|(at, name)| at == issuer && name == subject))
    }
}

impl Keys for Desk<'_> {
    fn candidates(&self, client_id: &str, hint: &Hint<'_>) -> Result<Vec<Box<dyn PublicKey>>, LookupError> {
        let client = self.server.clients.iter().find(|client| client.registration.id == client_id);
        client.map_or_else(|| Ok(Vec::new()), |client| self.keys(&client.keys, client.newer.as_ref(), hint))
    }

    fn of_issuer(&self, issuer: &str, hint: &Hint<'_>) -> Result<Vec<Box<dyn PublicKey>>, LookupError> {
        let trusted = self.server.issuers.iter().find(|trusted| trusted.issuer == issuer);
        let trusted = trusted.ok_or_else(|| LookupError::Unusable(format!("{issuer:?} is not a trusted issuer")))?;
        self.keys(&trusted.keys, trusted.newer.as_ref(), hint)
    }

    fn decoy(&self, _algorithm: &str) -> Option<Box<dyn PublicKey>> {
        self.server.asked.borrow_mut().decoys += 1;
        Some(self.handle(&TestKey::stand_in("decoy")))
    }
}

impl Log for Desk<'_> {
    fn warn(&self, message: &str) {
        self.emit(Level::Warn, message);
    }

    fn emit(&self, level: Level, message: &str) {
        self.log.borrow_mut().push((level, message.to_owned()));
    }
}

/// A key as a plug-in holds it.
struct Handle {
    key: TestKey,
    asked: Rc<RefCell<Asked>>,
}

impl PublicKey for Handle {
    fn describe(&self) -> KeyDescription {
        self.key.description.clone()
    }

    fn jwk(&self) -> String {
        self.key.jwk()
    }

    fn verify(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> Result<bool, Unsupported> {
        self.asked.borrow_mut().verified += 1;
        self.key.verify(algorithm, message, signature)
    }
}
