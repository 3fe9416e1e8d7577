//! The rules, in the order in which they are applied. Their texts never hold the secret.

dropins_plugin::rules! {
    RepeatedParameter "repeated-parameter" InvalidRequest
        "each parameter once" "RFC 6749 section 3.2"
        "Send each parameter once.";
    RepeatedHeader "repeated-header" InvalidRequest
        "one Authorization header" "RFC 9110 section 5.3"
        "Send one Authorization header.";
    TwoMethods "two-methods" InvalidRequest
        "one authentication method" "RFC 6749 section 2.3"
        "Send the secret in the header or in the form, not in both.";
    CredentialMissing "credential-missing" InvalidRequest
        "a client secret in the header or in the form" "RFC 6749 section 2.3.1"
        "Send the client secret.";
    ClientIdMissing "client-id-missing" InvalidRequest
        "a client id" "RFC 6749 section 2.3.1"
        "Send the client id beside the secret.";
    HeaderMalformed "header-malformed" InvalidRequest
        "Basic and base64 of id:secret, both form-encoded (RFC 6749 section 2.3.1)" "RFC 6749 section 2.3.1"
        "Form-encode id and secret, join them with a colon, and encode the result with base64.";
    ClientIdMismatch "client-id-mismatch" InvalidClient
        "client_id absent or equal to the client of the header" "RFC 6749 section 3.2.1"
        "Send the client_id of the header, or leave the parameter out.";
    UnknownClient "unknown-client" InvalidClient
        "a registered and enabled client" "RFC 6749 section 5.2"
        "Register the client under this id, or enable it.";
    MethodNotRegistered "method-not-registered" InvalidClient
        "the registered token_endpoint_auth_method" "RFC 7591 section 2"
        "Use the registered method, or change the client's token_endpoint_auth_method.";
    WrongSecret "wrong-secret" InvalidClient
        "the client's secret" "RFC 6749 section 2.3.1"
        "Send the client's current secret.";
}

/// Breaks a rule; its text says what is expected.
pub(crate) fn broken(reason: Reason, received: &str) -> Rejection {
    use dropins_plugin::Reason as _;

    Rejection::new(reason, format_args!("{}", reason.rule().text), format_args!("{received}"))
}

#[cfg(test)]
mod tests {
    use dropins_plugin::Reason as _;

    use super::*;

    #[test]
    fn codes_are_unique_and_errors_are_those_of_rfc_6749() {
        let codes: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        let error = |reason: Reason| reason.rule().error.code();
        assert_eq!((error(Reason::WrongSecret), error(Reason::HeaderMalformed)), ("invalid_client", "invalid_request"));
    }
}
