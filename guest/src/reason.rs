//! The rules, in the order in which they are applied: one table for code, OAuth error, text, source and fix.
//!
//! A reason code is stable: logs, tests and tools rely on it.

dropins_plugin::rules! {
    RepeatedParameter "repeated-parameter" InvalidRequest
        "Each parameter occurs once." "RFC 6749 section 3.2"
        "Send each parameter once.";
    AssertionMissing "assertion-missing" InvalidRequest
        "client_assertion is there." "RFC 7521 section 4.2"
        "Send the signed JWT in client_assertion.";
    AssertionTypeMissing "assertion-type-missing" InvalidRequest
        "client_assertion_type is there." "RFC 7521 section 4.2"
        "Send client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer.";
    AssertionTypeWrong "assertion-type-wrong" InvalidRequest
        "client_assertion_type names the JWT bearer profile." "RFC 7523 section 2.2"
        "Send client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer, exactly so.";
    AssertionTooLarge "assertion-too-large" InvalidRequest
        "The assertion has at most 16 KiB." "limit of this server"
        "Leave certificate chains and claims without use out of the assertion.";
    NotCompact "not-a-compact-jws" InvalidRequest
        "The assertion is a compact JWS: three parts with dots between." "RFC 7515 section 3.1"
        "Sign the assertion, do not encrypt it; send it whole and without line breaks.";
    EncodingInvalid "encoding-invalid" InvalidRequest
        "Each part is canonical base64url without padding." "RFC 7515 section 2"
        "Encode with the base64url alphabet, without '=', without white space and with zero trailing bits.";
    HeaderTooDeep "header-too-deep" InvalidRequest
        "The header is nested at most 16 levels deep." "limit of this server"
        "Flatten the header.";
    HeaderMalformed "header-malformed" InvalidRequest
        "The header is one JSON object in UTF-8." "RFC 7515 section 4"
        "Use a JOSE library to make the header.";
    HeaderDuplicate "header-duplicate-member" InvalidRequest
        "No member of the header occurs twice." "RFC 7515 section 4"
        "Remove the second member of the same name.";
    ClaimsTooDeep "claims-too-deep" InvalidRequest
        "The claims are nested at most 16 levels deep." "limit of this server"
        "Flatten the claims.";
    ClaimsMalformed "claims-malformed" InvalidRequest
        "The claims are one JSON object in UTF-8." "RFC 7519 section 7.2"
        "Use a JWT library to make the claims.";
    ClaimsDuplicate "claims-duplicate-member" InvalidRequest
        "No claim occurs twice." "RFC 7519 section 4"
        "Remove the second claim of the same name.";
    HeaderMemberType "header-member-type" InvalidClient
        "alg, typ, kid, x5t and x5t#S256 are strings." "RFC 7515 section 4.1"
        "Write the member as a JSON string, or leave it out.";
    AlgorithmMissing "algorithm-missing" InvalidClient
        "The header has alg." "RFC 7515 section 4.1.1"
        "Name the signature algorithm in alg.";
    AlgorithmUnknown "algorithm-unknown" InvalidClient
        "alg is an asymmetric signature algorithm." "RFC 8725 section 3.1"
        "Sign with a private key; none and HS* are never accepted.";
    SignatureMissing "signature-missing" InvalidClient
        "The signature is not empty." "RFC 7515 section 5.2"
        "Sign the assertion.";
    HeaderExtension "header-extension" InvalidClient
        "The header has no crit, b64, enc or zip." "RFC 7515 section 4.1.11"
        "Leave the member out; no extension is supported.";
    TokenTypeWrong "token-type-wrong" InvalidClient
        "typ is absent, JWT or client-authentication+jwt." "RFC 8725 section 3.11"
        "Make a token for client authentication; other kinds are not accepted in its place.";
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
    AlgorithmNotAllowed "algorithm-not-allowed" InvalidClient
        "alg is one of the allowed algorithms." "RFC 8725 section 3.1"
        "Sign with an allowed algorithm, or add this one to AllowedAlgorithms.";
    AlgorithmNotRegistered "algorithm-not-registered" InvalidClient
        "alg is the one that the client registered." "OpenID Connect Registration section 2"
        "Sign with the registered algorithm, or change token_endpoint_auth_signing_alg.";
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
    AudienceInvalid "audience-invalid" InvalidClient
        "aud is a string or a non-empty array of strings." "RFC 7519 section 4.1.3"
        "Set aud to the issuer of this server.";
    AudienceMismatch "audience-mismatch" InvalidClient
        "aud is this server." "RFC 7523 section 3"
        "Set aud to the issuer, as one string; add other names of this server to TokenEndpointAlias.";
    ExpiryMissing "expiry-missing" InvalidClient
        "exp is there." "RFC 7523 section 3"
        "Set exp to a few minutes from now, in seconds since 1970.";
    TimeInvalid "time-invalid" InvalidClient
        "exp, nbf and iat are numbers of seconds, not negative and below 2^53." "RFC 7519 section 2"
        "Write times as JSON numbers of seconds since 1970.";
    TimeInMilliseconds "time-in-milliseconds" InvalidClient
        "exp, nbf and iat are in seconds." "RFC 7519 section 2"
        "Divide by 1000: JWT times are seconds, not milliseconds.";
    Expired "expired" InvalidClient
        "exp is in the future." "RFC 7519 section 4.1.4"
        "Make a new assertion for each request; compare the clocks of client and server.";
    LifetimeTooLong "lifetime-too-long" InvalidClient
        "exp is not too far ahead." "RFC 7523 section 3"
        "Set exp to a few minutes from now, or raise MaxLifetimeInMinutes.";
    NotYetValid "not-yet-valid" InvalidClient
        "nbf is not in the future." "RFC 7519 section 4.1.5"
        "Leave nbf out or set it to now; compare the clocks of client and server.";
    NotBeforeAfterExpiry "not-before-after-expiry" InvalidClient
        "nbf is not after exp." "RFC 7519 section 4.1.5"
        "Set nbf before exp.";
    IssuedInFuture "issued-in-future" InvalidClient
        "iat is not in the future." "RFC 7523 section 3"
        "Set iat to now; compare the clocks of client and server.";
    IssuedAfterExpiry "issued-after-expiry" InvalidClient
        "iat is not after exp." "RFC 7519 section 4.1.6"
        "Set exp after iat.";
    TooOld "too-old" InvalidClient
        "iat is not too long ago." "RFC 7523 section 3"
        "Make a new assertion for each request, or raise RejectBeforeInMinutes.";
    JtiMissing "jti-missing" InvalidClient
        "jti is there." "OpenID Connect Core section 9"
        "Set jti to a fresh random value.";
    JtiInvalid "jti-invalid" InvalidClient
        "jti is a string of 1 to 255 bytes." "RFC 7519 section 4.1.7"
        "Set jti to a fresh random value of at most 255 bytes.";
    Replayed "replayed" InvalidClient
        "The assertion was not used before." "RFC 7523 section 3"
        "Make a new assertion with a new jti for each request.";
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
