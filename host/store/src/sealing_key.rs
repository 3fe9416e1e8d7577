//! The key that seals what pages carry: one for all nodes, made by the first of them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dropins_database::{Database, StoreError};
use dropins_protocol::random;
use zeroize::Zeroizing;

/// The 256 bits of the key.
///
/// # Errors
/// [`StoreError`] when the database cannot be asked, or its row is corrupt.
pub async fn sealing_key(database: &Database) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let select = "SELECT KEY_BASE64 FROM DROPINS_SEALING_KEY WHERE ONLY_ROW = 1";
    let mut rows = database.query(select, Vec::new()).await?;
    if rows.is_empty() {
        let key = random::base64url::<32>().map_err(StoreError::unavailable)?;
        let insert = "INSERT INTO DROPINS_SEALING_KEY (ONLY_ROW, KEY_BASE64) VALUES (1, ?)";
        match database.execute(insert, vec![key.into()]).await {
            // Another node may have been faster; its key is the key.
            Ok(_) | Err(StoreError::Duplicate) => rows = database.query(select, Vec::new()).await?,
            Err(error) => return Err(error),
        }
    }
    let corrupt = || StoreError::corrupt("KEY_BASE64 of DROPINS_SEALING_KEY is no key of 256 bits");
    let text = Zeroizing::new(rows.first().ok_or_else(corrupt)?.text("KEY_BASE64")?);
    let key = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(&*text).map_err(|_| corrupt())?);
    if key.len() == 32 { Ok(key) } else { Err(corrupt()) }
}
