//! SPIFFE IDs: `spiffe://TRUST-DOMAIN/PATH` (SPIFFE ID section 2).
//!
//! An ID is refused unless it is in its one normal form, so that no two texts name one workload.

/// The beginning of every SPIFFE ID.
const SCHEME: &str = "spiffe://";

/// The longest ID, in bytes.
const LONGEST: usize = 2048;

/// The ID of the trust domain of a workload's ID: `spiffe://example.org`. Returns `None` for anything but a workload's ID.
pub fn trust_domain(id: &str) -> Option<&str> {
    let rest = id.strip_prefix(SCHEME).filter(|_| id.len() <= LONGEST)?;
    let (domain, path) = rest.split_once('/')?;
    let in_domain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    let in_path = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    let domain_is_good = (1..=255).contains(&domain.len()) && domain.bytes().all(in_domain);
    let is_segment = |segment: &str| !["", ".", ".."].contains(&segment) && segment.bytes().all(in_path);
    let is_good = domain_is_good && path.split('/').all(is_segment);
    id.get(..SCHEME.len() + domain.len()).filter(|_| is_good)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_workload_has_a_trust_domain() {
        for (id, domain) in [
            ("spiffe://example.org/a", "spiffe://example.org"),
            ("spiffe://a-b_c.9/ns/orders/sa/worker-1_x.Y", "spiffe://a-b_c.9"),
        ] {
            assert_eq!(trust_domain(id), Some(domain), "{id}");
        }
    }

    #[test]
    fn what_is_no_workload_in_normal_form_has_none() {
        for id in [
            "",
            "spiffe://",
            "spiffe:///a",
            "spiffe://example.org",
            "spiffe://example.org/",
            "spiffe://example.org/a/",
            "spiffe://example.org//a",
            "spiffe://example.org/.",
            "spiffe://example.org/a/../b",
            "spiffe://Example.org/a",
            "SPIFFE://example.org/a",
            "spiffe://example.org:8443/a",
            "spiffe://user@example.org/a",
            "spiffe://example.org/a?b",
            "spiffe://example.org/a#b",
            "spiffe://example.org/a%2fb",
            "spiffe://example.org/ü",
            "spiffe://example.org\\@evil/a",
            "https://example.org/a",
            " spiffe://example.org/a",
        ] {
            assert_eq!(trust_domain(id), None, "{id}");
        }
        let long = |length: usize| format!("spiffe://{}/{}", "d".repeat(255), "p".repeat(length - 265));
        assert!(trust_domain(&long(2048)).is_some() && trust_domain(&long(2049)).is_none());
        assert!(trust_domain(&format!("spiffe://{}/a", "d".repeat(256))).is_none());
    }

    proptest! {
        #[test]
        fn a_trust_domain_is_the_beginning_of_its_id_up_to_a_slash(id in "(spiffe://)?[a-z./:@%]{0,24}") {
            if let Some(domain) = trust_domain(&id) {
                prop_assert!(id.strip_prefix(domain).is_some_and(|path| path.len() > 1 && path.starts_with('/')));
                prop_assert!(!domain["spiffe://".len()..].contains(['/', ':', '@', '%']));
            }
        }

        #[test]
        fn no_text_makes_it_panic(id in "\\PC{0,64}") {
            let _ = trust_domain(&id);
        }
    }
}
