//! The JKS format, and JCEKS as far as it has no secret keys.
//!
//! Every length is checked against its limit and against the bytes that are there before anything is allocated. The
//! digest at the end is a checksum with the password in it: no protection against an attacker who knows the password.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::entry::{Content, Entry, SealedKey};
use super::error::{Malformed, StoreError};
use super::limits::{MAX_CERTIFICATE, MAX_CHAIN, MAX_ENTRIES};
use super::modified_utf8;
use super::store::{Keystore, Pkcs12Rest, StoreKind};

const MAGIC_JKS: u32 = 0xfeed_feed;
const MAGIC_JCEKS: u32 = 0xcece_cece;
const VERSION: u32 = 2;

const KEY: u32 = 1;
const CERTIFICATE: u32 = 2;
const SECRET: u32 = 3;

const DIGEST: usize = 20;
/// Salts the digest.
const WHITENER: &[u8] = b"Mighty Aphrodite";
/// The largest sealed private key: far more than RSA with 16384 bits.
const MAX_KEY: usize = 64 * 1024;

/// Reads a store whose magic number was recognised.
pub(super) fn read(kind: StoreKind, bytes: &[u8], password: &str) -> Result<Keystore, StoreError> {
    let (body, expected) = match bytes.len().checked_sub(DIGEST).and_then(|end| bytes.split_at_checked(end)) {
        Some(parts) => parts,
        None => return Err(damaged(Malformed::Truncated("the header"), bytes.len())),
    };
    let mut reader = Reader { bytes: body, at: 0 };
    let _magic = reader.number("the header")?;
    let version = reader.number("the header")?;
    if !(1..=2).contains(&version) {
        return Err(damaged(Malformed::Version(version), 4));
    }
    let claimed = reader.number("the header")?;
    let claimed = usize::try_from(claimed).unwrap_or(usize::MAX);
    if claimed > MAX_ENTRIES {
        return Err(StoreError::TooManyEntries { claimed });
    }
    let mut entries = Vec::new();
    for _ in 0..claimed {
        entries.push(reader.entry(kind, version)?);
    }
    if reader.at != body.len() {
        return Err(damaged(Malformed::Trailing, reader.at));
    }
    if !bool::from(digest(body, password).ct_eq(expected)) {
        return Err(StoreError::WrongPassword);
    }
    Ok(Keystore { kind, entries, unnamed: Vec::new(), pkcs12: Pkcs12Rest::default() })
}

/// Writes a store.
pub(super) fn write(store: &Keystore, password: &str) -> Result<Vec<u8>, StoreError> {
    let magic = if store.kind == StoreKind::Jceks { MAGIC_JCEKS } else { MAGIC_JKS };
    let mut writer = Writer(Vec::new());
    writer.number(magic);
    writer.number(VERSION);
    writer.length(store.entries.len())?;
    for entry in &store.entries {
        writer.entry(entry)?;
    }
    let mut bytes = writer.0;
    let digest = digest(&bytes, password);
    bytes.extend(digest);
    Ok(bytes)
}

/// The checksum over password, whitener and body.
fn digest(body: &[u8], password: &str) -> [u8; DIGEST] {
    let mut wide = Zeroizing::new(Vec::with_capacity(password.len() * 2));
    wide.extend(password.encode_utf16().flat_map(u16::to_be_bytes));
    // The format prescribes SHA-1; the file is trusted because of where it is.
    let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    [wide.as_slice(), WHITENER, body].into_iter().for_each(|part| context.update(part));
    let mut digest = [0; DIGEST];
    digest.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    digest
}

fn damaged(problem: Malformed, at: usize) -> StoreError {
    StoreError::Corrupt { problem, at }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], StoreError> {
        let end = self.at.checked_add(length);
        let part = end.and_then(|end| self.bytes.get(self.at..end));
        let part = part.ok_or_else(|| damaged(Malformed::Truncated(what), self.bytes.len()))?;
        self.at += length;
        Ok(part)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], StoreError> {
        let part = self.take(N, what)?;
        part.try_into().map_err(|_| damaged(Malformed::Truncated(what), self.at))
    }

    fn number(&mut self, what: &'static str) -> Result<u32, StoreError> {
        Ok(u32::from_be_bytes(self.array(what)?))
    }

    /// A length or a count.
    fn bounded(&mut self, what: &'static str, allowed: usize) -> Result<usize, StoreError> {
        let at = self.at;
        let claimed = self.number(what)?;
        usize::try_from(claimed).ok().filter(|length| *length <= allowed).ok_or_else(|| {
            damaged(Malformed::TooLong { what, claimed: u64::from(claimed), allowed: allowed as u64 }, at)
        })
    }

    fn blob(&mut self, what: &'static str, allowed: usize) -> Result<&'a [u8], StoreError> {
        let length = self.bounded(what, allowed)?;
        self.take(length, what)
    }

    fn text(&mut self, what: &'static str) -> Result<String, StoreError> {
        let at = self.at;
        let length = u16::from_be_bytes(self.array(what)?);
        modified_utf8::decode(self.take(usize::from(length), what)?).ok_or_else(|| damaged(Malformed::Text, at))
    }

    fn certificate(&mut self, version: u32) -> Result<Vec<u8>, StoreError> {
        let at = self.at;
        // Version 1 has no other type.
        if version > 1 && !matches!(self.text("a certificate type")?.as_str(), "X.509" | "X509") {
            return Err(damaged(Malformed::CertificateType, at));
        }
        Ok(self.blob("a certificate", MAX_CERTIFICATE)?.to_vec())
    }

    fn entry(&mut self, kind: StoreKind, version: u32) -> Result<Entry, StoreError> {
        let at = self.at;
        let tag = self.number("an entry")?;
        let alias = self.text("an alias")?;
        let milliseconds = i64::from_be_bytes(self.array("a creation date")?);
        let content = match tag {
            CERTIFICATE => Content::Certificate(self.certificate(version)?),
            KEY => {
                let sealed = SealedKey { bytes: self.blob("a private key", MAX_KEY)?.to_vec(), local_key_id: None };
                let length = self.bounded("a certificate chain", MAX_CHAIN)?;
                let chain = (0..length).map(|_| self.certificate(version)).collect::<Result<_, _>>()?;
                Content::PrivateKey { sealed, chain }
            }
            SECRET if kind == StoreKind::Jceks => return Err(StoreError::SecretKey { alias }),
            other => return Err(damaged(Malformed::Tag(other), at)),
        };
        Ok(Entry { alias, content, created_millis: Some(milliseconds) })
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, number: u32) {
        self.0.extend(number.to_be_bytes());
    }

    fn length(&mut self, length: usize) -> Result<(), StoreError> {
        self.number(u32::try_from(length).map_err(|_| StoreError::NotRewritable)?);
        Ok(())
    }

    fn blob(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.length(bytes.len())?;
        self.0.extend(bytes);
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), StoreError> {
        let bytes = modified_utf8::encode(text);
        let length = u16::try_from(bytes.len());
        let length = length.map_err(|_| StoreError::AliasNotWritable { alias: text.to_owned() })?;
        self.0.extend(length.to_be_bytes());
        self.0.extend(bytes);
        Ok(())
    }

    fn certificate(&mut self, der: &[u8]) -> Result<(), StoreError> {
        self.text("X.509")?;
        self.blob(der)
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.number(if matches!(entry.content, Content::Certificate(_)) { CERTIFICATE } else { KEY });
        self.text(&entry.alias)?;
        self.0.extend(entry.created_millis.unwrap_or_default().to_be_bytes());
        match &entry.content {
            Content::Certificate(der) => self.certificate(der),
            Content::PrivateKey { sealed, chain } => {
                self.blob(&sealed.bytes)?;
                self.length(chain.len())?;
                chain.iter().try_for_each(|der| self.certificate(der))
            }
            Content::SecretKey { .. } => Err(StoreError::NotRewritable),
        }
    }
}

#[cfg(test)]
mod tests;
