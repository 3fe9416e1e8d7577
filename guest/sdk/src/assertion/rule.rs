//! The rules that every plug-in of assertions applies, with their reason codes, in the usual order.
//!
//! A plug-in may use its own words for a rule, never another meaning.

#[expect(unreachable_pub, dead_code, reason = "the macro declares what a plug-in exports")]
mod table {
    crate::rules! {
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
        AlgorithmNotAllowed "algorithm-not-allowed" InvalidClient
            "alg is one of the allowed algorithms." "RFC 8725 section 3.1"
            "Sign with an allowed algorithm, or add this one to AllowedAlgorithms.";
        AlgorithmNotRegistered "algorithm-not-registered" InvalidClient
            "alg is the one that the client registered." "OpenID Connect Registration section 2"
            "Sign with the registered algorithm, or change token_endpoint_auth_signing_alg.";
        SignatureMissing "signature-missing" InvalidClient
            "The signature is not empty." "RFC 7515 section 5.2"
            "Sign the assertion.";
        HeaderExtension "header-extension" InvalidClient
            "The header has no crit, b64, enc or zip." "RFC 7515 section 4.1.11"
            "Leave the member out; no extension is supported.";
        TokenTypeWrong "token-type-wrong" InvalidClient
            "typ is absent, JWT or client-authentication+jwt." "RFC 8725 section 3.11"
            "Make a token for client authentication; other kinds are not accepted in its place.";
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
}

pub use table::Reason as AssertionRule;

/// The reasons of a plug-in whose table has every [`AssertionRule`]; see [`assertion_reasons!`](crate::assertion_reasons).
pub trait AssertionReason: crate::Reason + From<AssertionRule> {}

impl<R: crate::Reason + From<AssertionRule>> AssertionReason for R {}

/// Connects the table of a plug-in with the shared rules: each [`AssertionRule`] becomes the variant of the same name.
#[macro_export]
macro_rules! assertion_reasons {
    ($reason:ty) => {
        $crate::assertion_reasons! { $reason:
            RepeatedParameter AssertionMissing AssertionTypeMissing AssertionTypeWrong AssertionTooLarge NotCompact
            EncodingInvalid HeaderTooDeep HeaderMalformed HeaderDuplicate ClaimsTooDeep ClaimsMalformed
            ClaimsDuplicate HeaderMemberType AlgorithmMissing AlgorithmUnknown SignatureMissing HeaderExtension
            TokenTypeWrong AlgorithmNotAllowed AlgorithmNotRegistered AudienceInvalid AudienceMismatch ExpiryMissing
            TimeInvalid TimeInMilliseconds Expired LifetimeTooLong NotYetValid NotBeforeAfterExpiry IssuedInFuture
            IssuedAfterExpiry TooOld JtiMissing JtiInvalid Replayed
        }
    };
    ($reason:ty: $($variant:ident)*) => {
        impl From<$crate::assertion::AssertionRule> for $reason {
            fn from(rule: $crate::assertion::AssertionRule) -> Self {
                match rule {
                    $($crate::assertion::AssertionRule::$variant => Self::$variant,)*
                }
            }
        }
    };
}
