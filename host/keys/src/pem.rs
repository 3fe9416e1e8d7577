//! PEM (RFC 7468) as tools write it: text around the blocks (`Bag Attributes` of openssl), indented lines, CRLF.
//!
//! Error texts never quote a line, since a line may be a private key.

use rustls_pki_types::pem::{Error, PemObject as _, SectionKind};
use zeroize::Zeroizing;

/// One block.
pub(crate) struct Block {
    pub(crate) kind: SectionKind,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// Why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PemError {
    #[error("the armour of PEM block {0} is damaged: copy it completely, with BEGIN and END on lines of their own")]
    Armour(usize),
    #[error("PEM block {0} is not valid base64: copy it completely")]
    Base64(usize),
}

/// Whether the text holds a PEM block.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    labels(bytes).next().is_some()
}

/// The labels of all blocks, of unknown ones too: `ENCRYPTED PRIVATE KEY`.
pub(crate) fn labels(bytes: &[u8]) -> impl Iterator<Item = String> {
    lines(bytes).filter_map(|line| {
        let label = line.strip_prefix(b"-----BEGIN ")?;
        let end = label.windows(5).position(|dashes| dashes == b"-----").unwrap_or(label.len().min(40));
        Some(String::from_utf8_lossy(label.get(..end)?).into_owned())
    })
}

/// The blocks of the kinds that rustls-pki-types knows.
pub(crate) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, PemError> {
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len() + 1));
    for line in lines(bytes) {
        text.extend_from_slice(line);
        text.push(b'\n');
    }
    let mut blocks = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(&text) {
        let number = blocks.len() + 1;
        let (kind, der) = section.map_err(|error| match error {
            Error::MissingSectionEnd { .. } | Error::IllegalSectionStart { .. } => PemError::Armour(number),
            _ => PemError::Base64(number),
        })?;
        blocks.push(Block { kind, der: Zeroizing::new(der) });
    }
    Ok(blocks)
}

/// Wraps DER in armour, 64 characters a line.
pub(crate) fn armour(label: &str, der: &[u8]) -> Zeroizing<String> {
    use base64::Engine as _;
    let mut text = Zeroizing::new(String::with_capacity(der.len() * 3 / 2 + 100));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    // 48 bytes are 64 characters; a line at a time leaves no second copy of the key behind.
    for line in der.chunks(48) {
        base64::engine::general_purpose::STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn armour_is_read_back_with_text_around_indentation_and_crlf() {
        let text = armour("CERTIFICATE", &[7; 100]);
        let wild =
            format!("\u{feff}Bag Attributes\r\n    friendlyName: wso2\r\n   {}\r\n", text.replace('\n', "\r\n  "));
        let blocks = blocks(wild.as_bytes()).unwrap();
        assert_eq!(blocks.len(), 1);
        assert_eq!((blocks[0].kind, blocks[0].der.as_slice()), (SectionKind::Certificate, &[7; 100][..]));
        assert!(text.lines().all(|line| line.len() <= 64));
    }

    #[test]
    fn damaged_armour_is_named_by_its_number_and_never_quoted() {
        let whole = armour("PRIVATE KEY", &[7; 100]).to_string();
        let cases = [
            (whole.replace("-----END PRIVATE KEY-----\n", ""), PemError::Armour(1)),
            (whole.replace('\n', ""), PemError::Armour(1)),
            (whole.replacen("BwcH", "Bw!H", 1), PemError::Base64(1)),
            (format!("{whole}{}", whole.replacen("BwcH", "Bw!H", 1)), PemError::Base64(2)),
        ];
        for (text, expected) in cases {
            let error = blocks(text.as_bytes()).err().unwrap();
            assert_eq!(error, expected);
            assert!(!error.to_string().contains("BwcH"));
        }
    }

    #[test]
    fn labels_show_blocks_of_unknown_kinds_too() {
        let text =
            b"x\n -----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n-----BEGIN X";
        assert_eq!(labels(text).collect::<Vec<_>>(), ["ENCRYPTED PRIVATE KEY", "X"]);
        assert!(!is_pem(b"0\x82\x01\x01"));
    }
}
