//! Keys without an owner, so that an unknown client takes as long as a known one.
//!
//! Their private keys are unknown, and the tests prove it: the RSA modulus is RSA-2048 of the RSA Factoring Challenge,
//! whose factors were destroyed when it was made; the coordinate `x` of each EC point, and the Ed25519 point as a whole,
//! is the first SHA-512 output of a counted text that hits a point, so its discrete logarithm was never known. An ML-DSA
//! key is made of hashes, which are no lattice with a known short vector. An RSA
//! signature of 3072 or 4096 bits costs as much as with a key of that size: the modulus is then a hash. The result of
//! verifying with a decoy means nothing.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA512, digest};
use dropins_services::{KeyDescription, PublicKey, Unsupported};

use crate::algorithm::{Algorithm, Curve, KeyKind};
use crate::base64url;
use crate::client_key::ClientKey;
use crate::material::Material;
use crate::ml_dsa::MlDsa;

const RSA_N: &str = "x5cM7tzDsHVEkCAaeqYTzXOREIHHkPXxqHJvRjVQu1t_8NuOHqEYnscvk9FlABG9chrurMKs3jKgQQfwZIwoE6MfWwt3Zf-LRLS2_8kzhLZG6wnHz16FktQOozyAA581tPFKBLUfe_14G-TRZzFkuo65kcLE1zC7vjX1kr3vUkr36Nrv0mxm_ALEea-J1k03P0QnCUOd5mzrlV8-o31RWfYTWAn4UzS1yxgTrdyAzQVgnxCsapWtZYcskJUlva0yvHKVkmQpIPJMYdxbPDt5I-VrFqTZ03PYch8ko_wPGzEx9VYVFyhmvMww-VBUyCTnM6XraBf3vBY5nUjGNhzH5Q";
const P256: [&str; 2] = ["u7TKELXsmUQYNCq9O3PLIptBrXWYT4ZdEQeD0oiiHFU", "aaaW8OB_TDmdfiVEfIKEIgOMXcaZUM_gHnni_XefPh4"];
const P384: [&str; 2] = [
    "skCtHro4bnrtb35AkTK8OJIzVL_Pgb0GeJKKkEEYscvrw_jVEe3qa43FbeA-hDkd",
    "03LBhrSyw1zJI2VZx9oVnwc2MXh4nmYpP8-wDk2oAXVWigHrque8ufMOIbH9HJd4",
];
const P521: [&str; 2] = [
    "AXENnDm2D3_aUDmuJBuS10yDT8bPpZ-Q8xF2vAvbJDkcOCnUnwny69BPbHTYAhWLEfkS25kDsmwwxLJM14jRYH_h",
    "AXwa2uNYkc8YkK67dHF9IqfPn1E_mPwZ7WmDKzAP-99o6mSNr1bqcRmKC62MNZ19bn9MMIhDdzKjHgexGquIGa0e",
];
const ED25519: &str = "hqsJjX1sRFQpCTtzeD6a6go8RvCjjX0VzJKLFr7lNwI";

/// One decoy for each kind of key.
#[derive(Debug)]
pub(crate) struct Decoys(Vec<Arc<Decoy>>);

/// Keys of one kind; each is the decoy for signatures of its own length.
#[derive(Debug)]
struct Decoy(Vec<ClientKey>);

impl Decoys {
    pub(crate) fn new() -> Self {
        let kinds = [KeyKind::Rsa, KeyKind::Ed25519].into_iter().chain(Curve::ALL.map(KeyKind::Ec));
        let kinds = kinds.chain(MlDsa::ALL.map(KeyKind::MlDsa));
        let decoy = |kind| {
            let larger = if kind == KeyKind::Rsa { [3072, 4096].map(larger_rsa).to_vec() } else { Vec::new() };
            let keys = [decoy(kind)].into_iter().chain(larger.into_iter().map(|n| rsa(&n)));
            Arc::new(Decoy(keys.flatten().collect()))
        };
        Self(kinds.map(decoy).collect())
    }

    pub(crate) fn for_algorithm(&self, algorithm: Algorithm) -> Option<Arc<dyn PublicKey>> {
        let decoy = self.0.iter().find(|decoy| decoy.0.iter().any(|key| key.fits(algorithm)))?;
        Some(Arc::clone(decoy) as Arc<dyn PublicKey>)
    }
}

impl Decoy {
    fn for_signature(&self, length: usize) -> Option<&ClientKey> {
        self.0.iter().find(|key| key.signature_bytes() >= length).or(self.0.last())
    }
}

impl PublicKey for Decoy {
    fn describe(&self) -> KeyDescription {
        self.0.first().map(PublicKey::describe).unwrap_or_default()
    }

    fn jwk(&self) -> String {
        self.0.first().map(PublicKey::jwk).unwrap_or_default()
    }

    fn verify(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> Result<bool, Unsupported> {
        let key = self.for_signature(signature.len());
        let key = key.ok_or_else(|| Unsupported::Algorithm(algorithm.to_owned()))?;
        key.verify(algorithm, message, signature)
    }
}

/// So many bytes, made of hashes of a name.
fn hashes(name: &str, bytes: usize) -> Vec<u8> {
    let block = |number| digest(&SHA512, format!("dropins decoy {name} {number}").as_bytes()).as_ref().to_vec();
    let mut all: Vec<u8> = (0..bytes.div_ceil(64)).flat_map(block).collect();
    all.truncate(bytes);
    all
}

/// An odd number of so many bits, made of hashes.
fn larger_rsa(bits: usize) -> Vec<u8> {
    let mut n = hashes(&format!("RSA-{bits}"), bits / 8);
    n.first_mut().into_iter().for_each(|byte| *byte = 0xff);
    n.last_mut().into_iter().for_each(|byte| *byte |= 1);
    n
}

fn rsa(n: &[u8]) -> Option<ClientKey> {
    ClientKey::new(Material::rsa(n, &[1, 0, 1]).ok()?, None, None, None, "decoy".to_owned()).ok()
}

/// Always `Some`; the tests hold the constants to it.
fn decoy(kind: KeyKind) -> Option<ClientKey> {
    let b64 = base64url::decode;
    let material = match kind {
        KeyKind::Rsa => return rsa(&b64(RSA_N)?),
        KeyKind::Ec(curve) => {
            let [x, y] = match curve {
                Curve::P256 => P256,
                Curve::P384 => P384,
                Curve::P521 => P521,
            };
            Material::ec(curve, &b64(x)?, &b64(y)?)
        }
        KeyKind::Ed25519 => Material::ed25519(&b64(ED25519)?),
        KeyKind::MlDsa(set) => Material::ml_dsa(set, &hashes(set.algorithm().name(), set.public_bytes())),
    };
    ClientKey::new(material.ok()?, None, None, None, "decoy".to_owned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha512};

    fn stream(text: &str) -> Vec<u8> {
        [Sha512::digest(text), Sha512::digest(format!("{text} more"))].concat()
    }

    #[test]
    fn there_is_a_decoy_for_every_algorithm_and_it_refuses_a_made_up_signature() {
        let decoys = Decoys::new();
        for algorithm in Algorithm::ALL {
            let decoy = decoys.for_algorithm(algorithm).expect("a decoy");
            let bytes = match algorithm.key_kind() {
                KeyKind::Rsa => 256,
                KeyKind::Ec(curve) => 2 * curve.coordinate_bytes(),
                KeyKind::Ed25519 => 64,
                KeyKind::MlDsa(set) => set.signature_bytes(),
            };
            let mut signature = vec![0; bytes];
            signature[bytes - 1] = 1;
            signature[bytes / 2 - 1] = 1;
            assert_eq!(decoy.verify(algorithm.name(), b"message", &signature), Ok(false), "{algorithm}");
        }
    }

    #[test]
    fn a_signature_is_verified_with_a_decoy_of_its_own_size() {
        let decoys = Decoys::new();
        let rsa = decoys.0.iter().find(|decoy| decoy.0.len() == 3).expect("three sizes of RSA");
        for (signature, key) in [(0, 256), (256, 256), (257, 384), (384, 384), (512, 512), (1024, 512)] {
            assert_eq!(rsa.for_signature(signature).unwrap().signature_bytes(), key, "{signature}");
            assert_eq!(rsa.verify("RS256", b"message", &vec![1; signature]), Ok(false), "{signature}");
        }
        assert!(decoys.0.iter().all(|decoy| [1, 3].contains(&decoy.0.len())));
    }

    #[test]
    fn the_points_are_hashes_so_their_logarithms_are_unknown() {
        for (curve, [x, _], counter, mask) in
            [(Curve::P256, P256, 0, 0xff), (Curve::P384, P384, 2, 0xff), (Curve::P521, P521, 1, 0x01)]
        {
            let mut expected = stream(&format!("dropins decoy {} {counter}", curve.name()));
            expected.truncate(curve.coordinate_bytes());
            expected[0] &= mask;
            assert_eq!(base64url::encode(expected), x);
        }
        let mut expected = stream("dropins decoy Ed25519 2");
        expected.truncate(32);
        expected[31] &= 0x7f;
        assert_eq!(base64url::encode(expected), ED25519);
    }
}
