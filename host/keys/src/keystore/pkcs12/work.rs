//! How much work a PKCS#12 file asks for before it opens.
//!
//! Its author chooses the iterations of every key derivation, so they are added up before the first one runs. A part
//! that is not DER of a known form counts nothing here: it is rejected when it is opened.

use cms::encrypted_data::EncryptedData;
use der::asn1::ContextSpecific;
use der::oid::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use pkcs5::pbes2::{self, Kdf};
use pkcs12::pbe_params::{EncryptedPrivateKeyInfo, Pkcs12PbeParams};

use super::bag::{Safe, Safes};
use crate::keystore::error::StoreError;

/// Iterations of all derivations together: five hundred keys as `keytool` writes them, or a few seconds.
const MAX_ITERATIONS: u64 = 5_000_000;
const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");

/// Rejects a file that asks for too much.
pub(super) fn check(safes: &Safes) -> Result<(), StoreError> {
    let mut iterations = u64::try_from(safes.mac_iterations().unwrap_or(0)).unwrap_or(0);
    for safe in &safes.safes {
        iterations = iterations.saturating_add(match safe {
            Safe::Encrypted(der) => EncryptedData::from_der(der).map_or(Ok(0), |data| {
                let algorithm = data.enc_content_info.content_enc_alg;
                of(algorithm.oid, algorithm.parameters.as_ref())
            })?,
            Safe::Clear(bags) => bags
                .iter()
                .filter(|bag| bag.is_shrouded_key())
                .filter_map(|bag| ContextSpecific::<EncryptedPrivateKeyInfo>::from_der(bag.value()).ok())
                .try_fold(0, |sum: u64, key| {
                    let algorithm = key.value.encryption_algorithm;
                    Ok::<_, StoreError>(sum.saturating_add(of(algorithm.oid, algorithm.parameters.as_ref())?))
                })?,
        });
    }
    if iterations > MAX_ITERATIONS {
        return Err(StoreError::TooMuchWork { iterations, allowed: MAX_ITERATIONS });
    }
    Ok(())
}

/// The iterations of one derivation. Rejects scrypt: its author chooses the memory, and no tool writes it here.
fn of(algorithm: ObjectIdentifier, parameters: Option<&der::Any>) -> Result<u64, StoreError> {
    let Some(parameters) = parameters.and_then(|parameters| parameters.to_der().ok()) else { return Ok(0) };
    if algorithm != PBES2 {
        let iterations = Pkcs12PbeParams::from_der(&parameters).map_or(0, |parameters| parameters.iterations);
        return Ok(u64::try_from(iterations).unwrap_or(0));
    }
    match pbes2::Parameters::from_der(&parameters).map(|parameters| parameters.kdf) {
        Ok(Kdf::Pbkdf2(pbkdf2)) => Ok(u64::from(pbkdf2.iteration_count)),
        Ok(_) => Err(StoreError::Unsupported("scrypt".to_owned())),
        Err(_) => Ok(0),
    }
}
