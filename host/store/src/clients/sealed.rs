//! A client's secret at the authorization server behind this one, sealed: it must be sent, so it cannot be hashed.
//!
//! AES-256-GCM under the sealing key of the database, for one client only. Whoever reads this table alone, in a copy or a
//! query log, learns no secret; whoever reads the whole database does.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dropins_database::{Database, StoreError};
use dropins_protocol::Secret;
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::sealing_key::sealing_key;

/// Tells these texts from everything else that the key seals.
const CONTEXT: &str = "upstream client secret of ";

/// Seals and opens the secrets of one database; the key is read when it is needed first.
#[derive(Debug, Clone, Default)]
pub(super) struct Seal(Arc<OnceCell<RandomizedNonceKey>>);

impl Seal {
    async fn key(&self, database: &Database) -> Result<&RandomizedNonceKey, StoreError> {
        let load = || async {
            let key = sealing_key(database).await?;
            RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(StoreError::corrupt)
        };
        self.0.get_or_try_init(load).await
    }

    /// The text for the column of this client.
    pub(super) async fn seal(
        &self,
        database: &Database,
        client_id: &str,
        secret: &Secret,
    ) -> Result<String, StoreError> {
        let mut bytes = secret.expose().as_bytes().to_vec();
        let key = self.key(database).await?;
        let nonce = key.seal_in_place_append_tag(Aad::from(context(client_id)), &mut bytes);
        let nonce = nonce.map_err(StoreError::unavailable)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &bytes].concat()))
    }

    /// The secret in the column of this client.
    pub(super) async fn open(&self, database: &Database, client_id: &str, text: &str) -> Result<Secret, StoreError> {
        open(self.key(database).await?, client_id, text).ok_or_else(|| {
            StoreError::corrupt("UPSTREAM_CLIENT_SECRET was not sealed for this client in this database")
        })
    }
}

fn context(client_id: &str) -> String {
    format!("{CONTEXT}{client_id}")
}

fn open(key: &RandomizedNonceKey, client_id: &str, text: &str) -> Option<Secret> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut sealed = Zeroizing::new(sealed.to_vec());
    let opened = key.open_in_place(nonce, Aad::from(context(client_id)), &mut sealed).ok()?;
    std::str::from_utf8(opened).ok().map(Secret::new)
}
