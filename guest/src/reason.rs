//! The rules, in the order in which they are applied: one table for code, OAuth error, text, source and fix.
//!
//! A reason code is stable: logs, tests and tools rely on it. An entry without texts is a rule of every plug-in of
//! assertions: `sdk/src/assertion/rule.rs`.

dropins_plugin::assertion_reasons!(Reason);

dropins_plugin::rules! {
    RepeatedParameter;
    AssertionMissing;
    AssertionTypeMissing;
    AssertionTypeWrong;
    AssertionTooLarge;
    NotCompact;
    EncodingInvalid;
    HeaderTooDeep;
    HeaderMalformed;
    HeaderDuplicate;
    ClaimsTooDeep;
    ClaimsMalformed;
    ClaimsDuplicate;
    HeaderMemberType;
    AlgorithmMissing;
    AlgorithmUnknown;
    SignatureMissing;
    HeaderExtension;
    TokenTypeWrong;
    IssuerInvalid "issuer-invalid" InvalidClient
        "iss is a non-empty string." "RFC 7523 section 3"
        "Set iss to the client id.";
    SubjectInvalid "subject-invalid" InvalidClient
        "sub is a non-empty string." "RFC 7523 section 3"
        "Set sub to the client id.";
    IssuerSubjectMismatch "issuer-subject-mismatch" InvalidClient
        "iss equals sub." "RFC 7523 section 3"
        "Set both iss and sub to the client id, byte for byte.";
    ClientIdMismatch "client-id-mismatch" InvalidClient
        "client_id, when sent, is the client of the assertion." "RFC 7521 section 4.2"
        "Send the client_id that sub names, or leave it out.";
    UnknownClient "unknown-client" InvalidClient
        "The client is registered and enabled." "RFC 6749 section 5.2"
        "Register the client under the id in sub, or enable it.";
    MethodNotRegistered "method-not-registered" InvalidClient
        "The client is registered for private_key_jwt." "RFC 7591 section 2"
        "Set the client's token_endpoint_auth_method to private_key_jwt.";
    ClientSettingsInvalid "client-settings-invalid" InvalidClient
        "The client's own settings are good." "configuration"
        "Correct the client's overrides in its service_provider entry.";
    AlgorithmNotAllowed;
    AlgorithmNotRegistered;
    KeysUnusable "keys-unusable" InvalidClient
        "The client's keys can be had." "RFC 7523 section 3"
        "Correct the client's certificate or JWKS; see the log line about them.";
    NoMatchingKey "no-matching-key" InvalidClient
        "A key of the client fits kid and alg." "RFC 7515 section 4.1.4"
        "Register the public key that belongs to the signing key, and send its kid or none.";
    KeyUnsupported "key-unsupported" InvalidClient
        "A fitting key can be verified with." "RFC 8725 section 3.5"
        "Use a key whose type, size and alg agree with the signature; guest verification needs RSA up to 4096 bits \
         with exponent 65537.";
    SignatureInvalid "signature-invalid" InvalidClient
        "The signature is right under a key of the client." "RFC 7515 section 5.2"
        "Sign with the private key that belongs to the registered public key.";
    CertificateNotYetValid "certificate-not-yet-valid" InvalidClient
        "The key's certificate is valid already." "RFC 5280 section 4.1.2.5"
        "Register a certificate that is valid now, or set CertificateValidity.";
    CertificateExpired "certificate-expired" InvalidClient
        "The key's certificate has not expired." "RFC 5280 section 4.1.2.5"
        "Register a new certificate, or set CertificateValidity.";
    AudienceInvalid;
    AudienceMismatch;
    ExpiryMissing;
    TimeInvalid;
    TimeInMilliseconds;
    Expired;
    LifetimeTooLong;
    NotYetValid;
    NotBeforeAfterExpiry;
    IssuedInFuture;
    IssuedAfterExpiry;
    TooOld;
    JtiMissing;
    JtiInvalid;
    Replayed;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use dropins_plugin::Reason as _;

    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert!(codes.iter().all(|code| code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
    }

    #[test]
    fn the_codes_of_the_contract_are_there() {
        assert_eq!(Reason::Replayed.code(), "replayed");
        assert_eq!(Reason::AudienceMismatch.code(), "audience-mismatch");
        assert_eq!(Reason::Expired.code(), "expired");
    }

    #[test]
    fn the_order_is_that_of_the_table() {
        assert!(Reason::ALL.is_sorted() && Reason::SignatureInvalid < Reason::AudienceMismatch);
        assert_eq!(Reason::ALL.last(), Some(&Reason::Replayed));
    }

    #[test]
    fn the_readme_lists_every_rule() {
        let readme = include_str!("../README.md");
        for reason in Reason::ALL {
            let rule = reason.rule();
            let row = format!("| `{}` | {} | {} | `{}` |", rule.code, rule.text, rule.source, rule.error.code());
            assert!(readme.contains(&row), "guest/README.md lacks the row\n{row}");
        }
    }
}
