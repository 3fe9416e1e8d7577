//! A key pair of aws-lc-rs of one of our kinds: generated, read from DER, written as DER, and used to sign.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, PqdsaKeyPair, RsaKeyPair,
    RsaSignatureEncoding,
};
use zeroize::Zeroizing;

use crate::algorithm::{Algorithm, Curve};
use crate::key_family::KeyFamily;
use crate::ml_dsa::MlDsa;
use crate::signing_error::SigningError;

pub(crate) enum KeyPair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
}

impl KeyPair {
    pub(crate) fn generate(family: KeyFamily) -> Result<Self, SigningError> {
        Ok(match family {
            KeyFamily::Rsa2048 => Self::Rsa(RsaKeyPair::generate(KeySize::Rsa2048)?),
            KeyFamily::Rsa3072 => Self::Rsa(RsaKeyPair::generate(KeySize::Rsa3072)?),
            KeyFamily::Rsa4096 => Self::Rsa(RsaKeyPair::generate(KeySize::Rsa4096)?),
            KeyFamily::P256 => Self::Ec(EcdsaKeyPair::generate(ecdsa(Curve::P256))?),
            KeyFamily::P384 => Self::Ec(EcdsaKeyPair::generate(ecdsa(Curve::P384))?),
            KeyFamily::P521 => Self::Ec(EcdsaKeyPair::generate(ecdsa(Curve::P521))?),
            KeyFamily::Ed25519 => Self::Ed25519(Ed25519KeyPair::generate()?),
            KeyFamily::MlDsa(set) => Self::MlDsa(PqdsaKeyPair::generate(set.signing())?),
        })
    }

    /// Reads PKCS#8 (RFC 5208). Returns `None` if the key is damaged or of another kind.
    pub(crate) fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let rsa = || RsaKeyPair::from_pkcs8(der).ok().map(Self::Rsa);
        let ed25519 = || Ed25519KeyPair::from_pkcs8(der).ok().map(Self::Ed25519);
        rsa()
            .or_else(ed25519)
            .or_else(|| Self::on_some_curve(|algorithm| EcdsaKeyPair::from_pkcs8(algorithm, der).ok()))
            .or_else(|| {
                MlDsa::ALL
                    .into_iter()
                    .find_map(|set| PqdsaKeyPair::from_pkcs8(set.signing(), der).ok())
                    .map(Self::MlDsa)
            })
    }

    /// Reads an RSA key in PKCS#1 (RFC 8017 appendix A.1.2).
    pub(crate) fn from_pkcs1(der: &[u8]) -> Option<Self> {
        RsaKeyPair::from_der(der).ok().map(Self::Rsa)
    }

    /// Reads an EC key in SEC 1 (RFC 5915).
    pub(crate) fn from_sec1(der: &[u8]) -> Option<Self> {
        Self::on_some_curve(|algorithm| EcdsaKeyPair::from_private_key_der(algorithm, der).ok())
    }

    /// An EC key from its private number and its uncompressed point, both of full length.
    pub(crate) fn from_ec_numbers(curve: Curve, private: &[u8], point: &[u8]) -> Option<Self> {
        EcdsaKeyPair::from_private_key_and_public_key(ecdsa(curve), private, point).ok().map(Self::Ec)
    }

    /// An Ed25519 key from its seed (RFC 8032 section 5.1.5) and its public key.
    pub(crate) fn from_ed25519_seed(seed: &[u8], public: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_seed_and_public_key(seed, public).ok().map(Self::Ed25519)
    }

    /// An ML-DSA key from its seed (RFC 9964 section 3).
    pub(crate) fn from_ml_dsa_seed(set: MlDsa, seed: &[u8]) -> Option<Self> {
        PqdsaKeyPair::from_seed(set.signing(), seed).ok().map(Self::MlDsa)
    }

    fn on_some_curve(read: impl Fn(&'static EcdsaSigningAlgorithm) -> Option<EcdsaKeyPair>) -> Option<Self> {
        Curve::ALL.into_iter().find_map(|curve| read(ecdsa(curve))).map(Self::Ec)
    }

    /// The public key, DER of its SubjectPublicKeyInfo.
    pub(crate) fn public_der(&self) -> Result<Vec<u8>, SigningError> {
        let der: PublicKeyX509Der<'_> = match self {
            Self::Rsa(pair) => pair.public_key().as_der()?,
            Self::Ec(pair) => pair.public_key().as_der()?,
            Self::Ed25519(pair) => pair.public_key().as_der()?,
            Self::MlDsa(pair) => pair.public_key().as_der()?,
        };
        Ok(der.as_ref().to_vec())
    }

    /// The private key, DER of its PKCS#8 form.
    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, SigningError> {
        let der = match self {
            Self::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair)?.as_ref().to_vec(),
            Self::Ec(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
            Self::Ed25519(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
            Self::MlDsa(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
        };
        Ok(Zeroizing::new(der))
    }

    /// A JWS signature; the caller has checked that the algorithm fits.
    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(pair) => {
                let encoding = rsa(algorithm).ok_or(SigningError::Library)?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &random, message, &mut signature)?;
                Ok(signature)
            }
            Self::Ec(pair) => Ok(pair.sign(&random, message)?.as_ref().to_vec()),
            Self::Ed25519(pair) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
            Self::MlDsa(pair) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                let length = pair.sign(message, &mut signature)?;
                signature.truncate(length);
                Ok(signature)
            }
        }
    }
}

const fn ecdsa(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

const fn rsa(algorithm: Algorithm) -> Option<&'static RsaSignatureEncoding> {
    match algorithm {
        Algorithm::Rs256 => Some(&signature::RSA_PKCS1_SHA256),
        Algorithm::Rs384 => Some(&signature::RSA_PKCS1_SHA384),
        Algorithm::Rs512 => Some(&signature::RSA_PKCS1_SHA512),
        Algorithm::Ps256 => Some(&signature::RSA_PSS_SHA256),
        Algorithm::Ps384 => Some(&signature::RSA_PSS_SHA384),
        Algorithm::Ps512 => Some(&signature::RSA_PSS_SHA512),
        _ => None,
    }
}
