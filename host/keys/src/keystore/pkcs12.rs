//! PKCS#12 (RFC 7292): certificates through `p12-keystore`, private keys as the sealed bags that they are.
//!
//! Aliases are the friendly names. A certificate that belongs to a key of the file is part of that key's entry, any
//! other certificate with a name is a trusted certificate; without a name it has no alias. A file without a MAC is read
//! and written without one: nothing protects it.

mod bag;
mod ber;
mod transcode;
mod work;
mod writer;

use std::collections::HashSet;

use p12_keystore::error::Error;
use p12_keystore::{CertificateBag, Pkcs12Archive};

use self::bag::{Bag, Safes};
use self::transcode::{DetachedMac, Transcoded};
use super::entry::{Content, Entry, SealedKey};
use super::error::StoreError;
use super::limits::{MAX_CERTIFICATE, MAX_CHAIN, MAX_ENTRIES};
use super::store::{Keystore, Pkcs12Rest, StoreKind};

pub(super) use writer::write;

/// Reads a store that begins like DER or BER.
pub(super) fn read(bytes: &[u8], password: &str) -> Result<Keystore, StoreError> {
    let Transcoded { der, mac } = transcode::to_der(bytes);
    let safes = Safes::from_der(&der, mac.as_ref().map(DetachedMac::iterations))?;
    work::check(&safes)?;
    if let Some(mac) = mac {
        mac.verify(password)?;
    }
    let archive = Pkcs12Archive::from_pkcs12(&der, password).map_err(|error| refusal(error, &safes))?;
    let claimed = archive.certs.len().saturating_add(archive.keys.len()).saturating_add(archive.secrets.len());
    if claimed > MAX_ENTRIES {
        return Err(StoreError::TooManyEntries { claimed });
    }
    if let Some(large) = archive.certs.iter().map(|bag| bag.cert.as_der().len()).find(|size| *size > MAX_CERTIFICATE) {
        return Err(StoreError::Der(format!("a certificate has {large} bytes, allowed are {MAX_CERTIFICATE}")));
    }
    Ok(assemble(&safes, archive))
}

/// The reason for a file that `p12-keystore` rejects.
fn refusal(error: Error, safes: &Safes) -> StoreError {
    match error {
        Error::MacError(_) => StoreError::WrongPassword,
        // With a good MAC the password of the store is right.
        Error::Pkcs5Error(_) | Error::UnpadError if safes.has_mac() => StoreError::KeyPassword,
        Error::Pkcs5Error(_) | Error::UnpadError => StoreError::WrongPassword,
        Error::UnsupportedEncryptionScheme => StoreError::Unsupported("an unknown encryption or MAC".to_owned()),
        Error::UnsupportedMacAlgorithm => StoreError::Unsupported("an unknown MAC".to_owned()),
        Error::UnsupportedContentType => StoreError::Unsupported("public-key privacy or integrity".to_owned()),
        Error::UnsupportedCertificateType => StoreError::Unsupported("a certificate that is not X.509".to_owned()),
        other => StoreError::Der(other.to_string()),
    }
}

/// One private key of the file.
struct Key {
    alias: Option<String>,
    local_key_id: Option<Vec<u8>>,
    /// The bag; `None` if it is in an encrypted safe.
    sealed: Option<Vec<u8>>,
}

fn assemble(safes: &Safes, archive: Pkcs12Archive) -> Keystore {
    let (visible, others): (Vec<&Bag>, Vec<&Bag>) =
        safes.clear_bags().filter(|bag| !bag.is_certificate()).partition(|bag| bag.is_private_key());
    let mut keys: Vec<Key> = visible
        .into_iter()
        .map(|bag| Key {
            alias: bag.friendly_name(),
            local_key_id: bag.local_key_id(),
            sealed: Some(bag.der().to_vec()),
        })
        .collect();
    let hidden_keys = archive.keys.len().saturating_sub(keys.len());
    let hidden = archive.keys.into_iter().map(|key| Key {
        alias: key.friendly_name,
        local_key_id: key.local_key_id.map(|id| id.0),
        sealed: None,
    });
    let is_visible =
        |hidden: &Key| keys.iter().any(|key| key.alias == hidden.alias && key.local_key_id == hidden.local_key_id);
    let hidden: Vec<_> = hidden.filter(|key| !is_visible(key)).take(hidden_keys).collect();
    keys.extend(hidden);

    let mut certificates = Certificates::new(archive.certs);
    let mut entries = Vec::new();
    for (number, key) in keys.into_iter().enumerate() {
        let chain = certificates.chain(&key);
        // Java names a key without a name by its number.
        let alias = key.alias.unwrap_or_else(|| (number + 1).to_string());
        let created_millis = key.local_key_id.as_deref().and_then(java_time);
        let sealed = SealedKey { bytes: key.sealed.unwrap_or_default(), local_key_id: key.local_key_id };
        entries.push(Entry { alias, content: Content::PrivateKey { sealed, chain }, created_millis });
    }
    let mut rest = Pkcs12Rest { unprotected: !safes.has_mac(), others: Vec::new(), hidden_keys };
    for bag in others {
        match bag.friendly_name().filter(|_| bag.is_secret()) {
            Some(alias) => {
                let local_key_id = bag.local_key_id();
                let created_millis = local_key_id.as_deref().and_then(java_time);
                let sealed = SealedKey { bytes: bag.der().to_vec(), local_key_id };
                entries.push(Entry { alias, content: Content::SecretKey { sealed }, created_millis });
            }
            None => rest.others.push(bag.der().to_vec()),
        }
    }
    let (named, unnamed) = certificates.remaining();
    entries.extend(named);
    Keystore { kind: StoreKind::Pkcs12, entries, unnamed, pkcs12: rest }
}

/// The creation time that Java writes as a key's id: `Time 1700000000000`, in milliseconds.
fn java_time(local_key_id: &[u8]) -> Option<i64> {
    std::str::from_utf8(local_key_id).ok()?.strip_prefix("Time ")?.parse().ok()
}

/// The certificate bags, while keys take theirs.
struct Certificates {
    bags: Vec<(CertificateBag, bool)>,
}

impl Certificates {
    fn new(bags: Vec<CertificateBag>) -> Self {
        Self { bags: bags.into_iter().map(|bag| (bag, false)).collect() }
    }

    /// The chain of a key: the certificate with its id (or, without ids, its name), then each one's issuer.
    fn chain(&mut self, key: &Key) -> Vec<Vec<u8>> {
        let mut chain = Vec::new();
        let own = |bag: &CertificateBag| match &key.local_key_id {
            Some(id) => bag.local_key_id.as_ref() == Some(id),
            None => key.alias.is_some() && bag.friendly_name == key.alias,
        };
        let mut next = self.take(|bag| !bag.trusted && own(bag));
        while let Some(certificate) = next {
            chain.push(certificate.as_der().to_vec());
            let known = |bag: &CertificateBag| chain.iter().any(|der| der == bag.cert.as_der());
            next = (chain.len() < MAX_CHAIN && certificate.issuer() != certificate.subject())
                .then(|| self.take(|bag| !bag.trusted && bag.cert.subject() == certificate.issuer() && !known(bag)))
                .flatten();
        }
        chain
    }

    /// Finds a certificate; it may be in the chains of several keys.
    fn take(&mut self, wanted: impl Fn(&CertificateBag) -> bool) -> Option<p12_keystore::Certificate> {
        let (bag, taken) = self.bags.iter_mut().find(|(bag, _)| wanted(bag))?;
        *taken = true;
        Some(bag.cert.clone())
    }

    /// What belongs to no key: entries, and certificates without a name.
    fn remaining(self) -> (Vec<Entry>, Vec<Vec<u8>>) {
        let (taken, free): (Vec<_>, Vec<_>) = self.bags.into_iter().partition(|(_, taken)| *taken);
        let in_chains: HashSet<&[u8]> = taken.iter().map(|(bag, _)| bag.cert.as_der()).collect();
        let (mut named, mut unnamed) = (Vec::new(), Vec::new());
        for (bag, _) in free {
            let der = bag.cert.as_der().to_vec();
            match bag.friendly_name.filter(|name| !name.is_empty()) {
                Some(alias) => {
                    named.push(Entry { alias, content: Content::Certificate(der), created_millis: None });
                }
                // Some writers repeat the authorities for every chain.
                None if in_chains.contains(der.as_slice()) => {}
                None => unnamed.push(der),
            }
        }
        (named, unnamed)
    }
}

#[cfg(test)]
mod tests;
