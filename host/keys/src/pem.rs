//! PEM (RFC 7468) as tools and people hand it over: text around the blocks (`Bag Attributes` of openssl), indented
//! lines, CRLF, a byte order mark, and line ends that became blanks or `\n` in an environment variable.
//!
//! White space in a block carries no meaning, so any of these has one reading. Error texts never quote a line, since a
//! line may be a private key.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::text::without_mark;

/// One block.
pub(crate) struct Block {
    /// `CERTIFICATE`
    pub(crate) label: String,
    /// The content; empty if it is encrypted.
    pub(crate) der: Zeroizing<Vec<u8>>,
    /// Encrypted in the form of RFC 1421, with a header `Proc-Type: 4,ENCRYPTED`.
    pub(crate) encrypted: bool,
}

/// Why a text cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PemError {
    #[error("the armour of PEM block {0} is damaged: copy it completely, with its BEGIN and its END line")]
    Armour(usize),
    #[error("PEM block {0} is not valid base64: copy it completely")]
    Base64(usize),
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// The longest label, in bytes.
const MAX_LABEL: usize = 40;

/// Whether the text holds a PEM block.
pub(crate) fn is_pem(bytes: &[u8]) -> bool {
    labels(bytes).next().is_some()
}

/// The labels of all blocks, complete or not: `ENCRYPTED PRIVATE KEY`.
pub(crate) fn labels(bytes: &[u8]) -> impl Iterator<Item = String> {
    begins(bytes).map(|at| {
        let label = bytes.get(at + BEGIN.len()..).unwrap_or_default();
        let label = label.get(..label.len().min(MAX_LABEL + DASHES.len())).unwrap_or_default();
        let label = label.split(|byte| matches!(byte, b'\r' | b'\n' | b'\\')).next().unwrap_or_default();
        let end = find(label, DASHES).unwrap_or(label.len().min(MAX_LABEL));
        String::from_utf8_lossy(label.get(..end).unwrap_or_default()).into_owned()
    })
}

/// All blocks.
pub(crate) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, PemError> {
    let bytes = without_mark(bytes);
    let begins: Vec<_> = begins(bytes).collect();
    let ends = begins.iter().skip(1).copied().chain([bytes.len()]);
    let texts = begins.iter().zip(ends).filter_map(|(begin, end)| bytes.get(*begin..end));
    let numbered = texts.enumerate().map(|(index, text)| (index + 1, text));
    numbered.map(|(number, text)| block(text, number)).collect()
}

/// Reads the block at the beginning of the text.
fn block(text: &[u8], number: usize) -> Result<Block, PemError> {
    let parts = || {
        let text = text.strip_prefix(BEGIN)?;
        let (label, rest) = text.split_at_checked(find(text, DASHES)?)?;
        let (body, rest) = rest.get(DASHES.len()..)?.split_at_checked(find(rest, END)?.checked_sub(DASHES.len())?)?;
        rest.get(END.len()..)?.strip_prefix(label)?.starts_with(DASHES).then_some((label, body))
    };
    let (label, body) = parts().filter(|(label, _)| label.len() <= MAX_LABEL).ok_or(PemError::Armour(number))?;
    let (headers, body) = split_headers(body);
    let encrypted = find(headers, b"ENCRYPTED").is_some();
    let der = if encrypted { Vec::new() } else { decode(body).ok_or(PemError::Base64(number))? };
    Ok(Block { label: String::from_utf8_lossy(label).into_owned(), der: Zeroizing::new(der), encrypted })
}

/// The headers of RFC 1421, which end before the last line with a colon ends, and the base64 after them.
fn split_headers(body: &[u8]) -> (&[u8], &[u8]) {
    let Some(colon) = body.iter().rposition(|byte| *byte == b':') else { return (&[], body) };
    let line = body.iter().skip(colon).position(|byte| *byte == b'\n').map_or(body.len(), |length| colon + length);
    body.split_at_checked(line).unwrap_or((body, &[]))
}

/// Decodes base64 between which white space, also as `\n` and `\r` in two characters, is ignored.
fn decode(body: &[u8]) -> Option<Vec<u8>> {
    const TOLERANT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let mut digits = Zeroizing::new(Vec::with_capacity(body.len()));
    let mut bytes = body.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next_if(|next| matches!(next, b'n' | b'r'))?),
            white if white.is_ascii_whitespace() => {}
            digit => digits.push(digit),
        }
    }
    TOLERANT.decode(digits.as_slice()).ok()
}

/// Where blocks begin. Armour in the middle of a line counts only if its END follows: a comment may mention it.
fn begins(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let begins: Vec<_> = places(bytes, BEGIN).collect();
    let mut ends = places(bytes, END).peekable();
    let next = begins.iter().skip(1).copied().chain([bytes.len()]).collect::<Vec<_>>();
    begins.into_iter().zip(next).filter_map(move |(begin, next)| {
        while ends.next_if(|end| *end < begin).is_some() {}
        let is_closed = ends.peek().is_some_and(|end| *end < next);
        (is_closed || begins_line(bytes.get(..begin).unwrap_or_default())).then_some(begin)
    })
}

/// Whether only white space, or a byte order mark, is between the last line end and the end of the text.
fn begins_line(before: &[u8]) -> bool {
    let blanks = before.iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
    let before = before.get(..before.len() - blanks).unwrap_or_default();
    before.is_empty() || before.ends_with(b"\n") || without_mark(before).is_empty()
}

/// Where the text occurs, in one pass.
fn places<'a>(bytes: &'a [u8], wanted: &'static [u8]) -> impl Iterator<Item = usize> + use<'a> {
    let windows = bytes.windows(wanted.len()).enumerate();
    windows.filter_map(move |(at, window)| (window == wanted).then_some(at))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// Wraps DER in armour, 64 characters a line.
pub(crate) fn armour(label: &str, der: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(der.len() * 3 / 2 + 100));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    // 48 bytes are 64 characters; a line at a time leaves no second copy of the key behind.
    for line in der.chunks(48) {
        general_purpose::STANDARD.encode_string(line, &mut text);
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
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
        assert_eq!((blocks[0].label.as_str(), blocks[0].der.as_slice()), ("CERTIFICATE", &[7; 100][..]));
        assert!(text.lines().all(|line| line.len() <= 64));
    }

    #[test]
    fn line_ends_that_an_environment_variable_lost_do_not_matter() {
        let whole = format!("{}{}", *armour("CERTIFICATE", &[7; 100]), *armour("PUBLIC KEY", &[8; 100]));
        for end in [" ", "  ", "\\n", "\\r\\n", "\t", ""] {
            let text = whole.replace('\n', end);
            for text in [text.clone(), format!("\u{feff}{text}"), format!("\"{text}\"")] {
                let blocks = blocks(text.as_bytes()).unwrap();
                assert_eq!(blocks.len(), 2, "{text}");
                assert_eq!((blocks[0].label.as_str(), blocks[0].der.as_slice()), ("CERTIFICATE", &[7; 100][..]));
                assert_eq!((blocks[1].label.as_str(), blocks[1].der.as_slice()), ("PUBLIC KEY", &[8; 100][..]));
            }
        }
        let other = whole.replace('\n', "\\t");
        assert_eq!(blocks(other.as_bytes()).err(), Some(PemError::Base64(1)));
    }

    #[test]
    fn an_end_that_is_glued_on_is_found_and_a_mentioned_begin_is_not() {
        let glued = armour("CERTIFICATE", &[7; 100]).replace("\n-----END", "-----END");
        let mentioned = format!("# begins with -----BEGIN CERTIFICATE-----\n{glued}");
        for text in [&glued, &mentioned] {
            let blocks = blocks(text.as_bytes()).unwrap();
            assert_eq!((blocks.len(), blocks[0].der.as_slice()), (1, &[7; 100][..]), "{text}");
        }
    }

    #[test]
    fn damaged_armour_is_named_by_its_number_and_never_quoted() {
        let whole = armour("PRIVATE KEY", &[7; 100]).to_string();
        let cases = [
            (whole.replace("-----END PRIVATE KEY-----\n", ""), PemError::Armour(1)),
            (whole.replace("END PRIVATE", "END PUBLIC"), PemError::Armour(1)),
            (whole.replace("-----END PRIVATE KEY-----", "-----END PRIVATE KEY"), PemError::Armour(1)),
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
    fn a_text_full_of_armour_is_read_in_one_pass() {
        let text = format!("x{}", "-----BEGIN ".repeat(6_000));
        let began = std::time::Instant::now();
        assert!(!is_pem(text.as_bytes()));
        assert!(blocks(text.as_bytes()).unwrap().is_empty());
        assert!(blocks("-----BEGIN A\n".repeat(6_000).as_bytes()).is_err());
        assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
    }

    #[test]
    fn labels_show_blocks_of_unknown_kinds_too() {
        let text =
            b"x\n -----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n-----BEGIN X";
        assert_eq!(labels(text).collect::<Vec<_>>(), ["ENCRYPTED PRIVATE KEY", "X"]);
        assert!(!is_pem(b"0\x82\x01\x01"));
    }

    #[test]
    fn the_old_encrypted_form_is_recognised_by_its_header() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n\
                    -----END RSA PRIVATE KEY-----\n";
        let read = |text: &str| blocks(text.as_bytes()).unwrap().remove(0);
        assert!(read(text).encrypted && read(text).der.is_empty());
        let plain = read(&text.replace("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n", "Comment: a\n\n"));
        assert!(!plain.encrypted && plain.der.as_slice() == [0; 3]);
    }
}
