//! The rules, in the order in which they are applied: one table for code, OAuth error, text, source and fix.
//!
//! A reason code is stable: logs, tests and tools rely on it. An entry without texts is a rule that every plug-in of
//! assertions applies: `sdk/src/assertion/rule.rs`.

dropins_plugin::rules! {
    RepeatedParameter;
    AssertionMissing;
    AssertionTypeMissing;
    AssertionTypeWrong "assertion-type-wrong" InvalidRequest
        "client_assertion_type names the JWT bearer profile or that of SPIFFE." "RFC 7521 section 4.2"
        "Send client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer, or …:jwt-spiffe.";
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
    TokenTypeWrong "token-type-wrong" InvalidClient
        "typ is absent, JWT or client-authentication+jwt; of a JWT-SVID, absent, JWT or JOSE." "RFC 8725 section 3.11"
        "Send a token that the issuer made for this server, not one of another kind.";
    IssuerInvalid "issuer-invalid" InvalidClient
        "iss is a non-empty string." "RFC 7523 section 3"
        "Send a token that names its issuer.";
    SubjectInvalid "subject-invalid" InvalidClient
        "sub is a non-empty string; of a JWT-SVID, a SPIFFE ID." "RFC 7523 section 3"
        "Send a token that names its subject.";
    AlgorithmNotAllowed "algorithm-not-allowed" InvalidClient
        "alg is one of the allowed algorithms." "RFC 8725 section 3.1"
        "Have the issuer sign with an allowed algorithm, or add this one to AllowedAlgorithms.";
    IssuerKeysUnusable "issuer-keys-unusable" InvalidClient
        "The issuer is trusted, and its keys can be had." "RFC 7523 section 3"
        "Add a [[trusted_issuer]] with exactly this issuer; if there is one, see the log line about its keys.";
    NoMatchingKey "no-matching-key" InvalidClient
        "A key of the issuer fits kid and alg." "RFC 7515 section 4.1.4"
        "Send a token that this issuer signed; another cluster of the same name has other keys.";
    KeyUnsupported "key-unsupported" InvalidClient
        "A fitting key can be verified with." "RFC 8725 section 3.5"
        "Have the issuer use a key whose type, size and alg agree with its signatures.";
    SignatureInvalid "signature-invalid" InvalidClient
        "The signature is right under a key of the issuer." "RFC 7515 section 5.2"
        "Send the token as the issuer made it; another cluster of the same name has other keys.";
    UnknownSubject "unknown-subject" InvalidClient
        "An enabled client is known by the issuer and the subject." "configuration"
        "Add issuer and subject, byte for byte, to the list federated of the client.";
    IssuerKindWrong "issuer-kind-wrong" InvalidClient
        "The assertion type is the one for the kind of issuer." "draft-ietf-oauth-spiffe-client-auth"
        "Send a JWT-SVID under the type jwt-spiffe and any other token under jwt-bearer, or correct kind.";
    ClientIdMismatch "client-id-mismatch" InvalidClient
        "client_id, when sent, is the client that is known by the subject." "RFC 7521 section 4.2"
        "Send the id of the client, or leave it out.";
    MethodNotRegistered "method-not-registered" InvalidClient
        "The client is registered for private_key_jwt, for spiffe_jwt or for no method." "RFC 7591 section 2"
        "Correct the client's token_endpoint_auth_method.";
    AlgorithmNotRegistered "algorithm-not-registered" InvalidClient
        "alg is the one that the client registered." "OpenID Connect Registration section 2"
        "Remove token_endpoint_auth_signing_alg of the client, or set it to the issuer's algorithm.";
    AudienceInvalid;
    AudienceMismatch "audience-mismatch" InvalidClient
        "aud is the issuer identifier of this server and nothing else." "draft-ietf-oauth-rfc7523bis section 4"
        "Ask the issuer for a token with this audience alone; a default token is for another server.";
    ExpiryMissing;
    TimeInvalid;
    TimeInMilliseconds;
    Expired "expired" InvalidClient
        "exp is in the future." "RFC 7519 section 4.1.4"
        "Read the token again before each request, because its owner replaces it; compare the clocks.";
    LifetimeTooLong "lifetime-too-long" InvalidClient
        "exp is not too far after iat, nor too far ahead." "RFC 7523 section 3"
        "Ask for a token of a shorter life, or raise max_lifetime of the trusted issuer.";
    NotYetValid;
    NotBeforeAfterExpiry;
    IssuedInFuture;
    IssuedAfterExpiry;
    TooOld "too-old" InvalidClient
        "iat is not longer ago than the longest lifetime." "RFC 7523 section 3"
        "Read the token again before each request, because its owner replaces it; compare the clocks.";
    JtiMissing "jti-missing" InvalidClient
        "jti is there, unless tokens of the issuer may be used again." "OpenID Connect Core section 9"
        "Set allow_reuse of the trusted issuer, if its tokens are used more than once.";
    JtiInvalid;
    Replayed "replayed" InvalidClient
        "The token was not used before, unless tokens of the issuer may be used again." "RFC 7523 section 3"
        "Ask the issuer for a new token for each request, or set allow_reuse of the trusted issuer.";
}

dropins_plugin::assertion_reasons!(Reason);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use dropins_plugin::Reason as _;

    use super::*;

    #[test]
    fn codes_are_unique_and_the_order_is_that_of_the_table() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert!(Reason::ALL.is_sorted() && Reason::SignatureInvalid < Reason::UnknownSubject);
        assert_eq!(Reason::ALL.last(), Some(&Reason::Replayed));
    }

    #[test]
    fn the_readme_lists_every_rule() {
        let readme = include_str!("../README.md");
        for reason in Reason::ALL {
            let rule = reason.rule();
            let row = format!("| `{}` | {} | {} | `{}` |", rule.code, rule.text, rule.source, rule.error.code());
            assert!(readme.contains(&row), "guest/federated/README.md lacks the row\n{row}");
        }
    }
}
