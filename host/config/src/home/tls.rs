//! The self-signed TLS certificate of a new home.
//!
//! EC P-256, for `localhost`, both loopback addresses and the name of the machine; not a certificate authority.

use std::time::Duration;

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};

/// The longest life that common clients accept.
const VALID_DAYS: u64 = 825;
const DAY: u64 = 24 * 60 * 60;
/// The end of the year 9000: X.509 ends in 9999.
const LAST: u64 = 221_845_392_000;

/// A new key, PKCS#8 PEM.
pub(crate) fn new_key() -> Result<String, rcgen::Error> {
    Ok(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?.serialize_pem())
}

/// A certificate for this key, PEM, valid from an hour before `now` (seconds since the Unix epoch).
pub(crate) fn self_signed(key_pem: &str, hostname: Option<&str>, now: u64) -> Result<String, rcgen::Error> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.extend(hostname.filter(|name| is_dns_name(name) && *name != "localhost").map(str::to_owned));
    let mut parameters = CertificateParams::new(names)?;
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let now = now.min(LAST);
    parameters.not_before = epoch + Duration::from_secs(now.saturating_sub(60 * 60));
    parameters.not_after = epoch + Duration::from_secs(now + VALID_DAYS * DAY);
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "localhost");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(parameters.self_signed(&KeyPair::from_pem(key_pem)?)?.pem())
}

/// The name of this machine, when the system tells it.
pub(crate) fn machine_name() -> Option<String> {
    let text =
        ["/proc/sys/kernel/hostname", "/etc/hostname"].iter().find_map(|path| std::fs::read_to_string(path).ok())?;
    let name = text.trim();
    is_dns_name(name).then(|| name.to_owned())
}

fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        let allowed = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && allowed && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_made_for_any_time_and_any_machine_name() {
        let key = new_key().unwrap();
        for (hostname, now) in [(Some("is.example.com"), 1_800_000_000), (Some("under_score"), 0), (None, u64::MAX)] {
            let pem = self_signed(&key, hostname, now).unwrap();
            assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{hostname:?} {now}");
        }
    }

    #[test]
    fn names_that_dns_does_not_have_are_left_out() {
        assert!(is_dns_name("host") && is_dns_name("a-1.example.com"));
        assert!(!is_dns_name("") && !is_dns_name("a_b") && !is_dns_name("-a") && !is_dns_name("a..b"));
    }
}
