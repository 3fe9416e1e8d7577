//! The client authenticator `sample_key`: the header `X-Api-Key: CLIENT:KEY`.
//!
//! It says which client the request names. Whether KEY is that client's secret is a condition that the host settles: no
//! secret and no hash of one is ever in here, and an unknown client takes as long as a wrong key.

use dropins_plugin::{
    Authenticated, Authenticator, Client, Condition, Description, Fields, Problem, Request, Requirement, Services,
    property,
};

/// The rules in the order in which they are applied: reason code, OAuth error, rule, source, how to fix it.
mod rules {
    dropins_plugin::rules! {
        RepeatedHeader "repeated-header" InvalidRequest
            "X-Api-Key occurs once." "RFC 9110 section 5.3"
            "Send one X-Api-Key header.";
        MalformedKey "malformed-key" InvalidRequest
            "X-Api-Key is CLIENT:KEY." "sample_key"
            "Send the client id, a colon and the key.";
        WrongKey "wrong-key" InvalidClient
            "KEY is the client's secret." "sample_key"
            "Send the client's current secret.";
    }
}

pub use rules::{Reason, Refusal, Rejection, Report};

const METHOD: &str = "sample_key";
const HEADER: &str = "x-api-key";

/// The authenticator. What panics in it is logged, and the request is refused with 500, never let through.
#[derive(Debug)]
pub struct SampleKey;

impl Authenticator for SampleKey {
    type Reason = Reason;
    type Policy = ();

    const DESCRIPTION: Description = Description {
        name: METHOD,
        aliases: &[],
        version: env!("CARGO_PKG_VERSION"),
        summary: "A key in a header.",
        methods: &[METHOD],
        reads: &["header:x-api-key"],
        assertion_types: &[],
    };

    fn policy(properties: Fields<'_, '_>) -> Result<(), Vec<Problem>> {
        property::none(properties)
    }

    fn can_authenticate(_: Fields<'_, '_>, request: &Request<'_>) -> bool {
        request.header_values(HEADER).next().is_some()
    }

    fn claimed_client(request: &Request<'_>) -> Option<String> {
        let (client, _) = request.header_values(HEADER).next()?.split_once(':')?;
        Some(client.to_owned())
    }

    fn authenticate(
        (): &(),
        request: &Request<'_>,
        _: &Services<'_>,
        report: &mut Report,
    ) -> Result<Authenticated<Reason>, Refusal> {
        let mut keys = request.header_values(HEADER);
        let (sent, count) = (keys.next().unwrap_or_default(), 1 + keys.count());
        report.check(Reason::RepeatedHeader, count == 1, format_args!("one {HEADER}"), format_args!("{count}"))?;
        let parts = sent.split_once(':').filter(|(client, key)| !client.is_empty() && !key.is_empty());
        let Some((client, key)) = parts else {
            let received = format_args!("something else");
            return Err(Rejection::new(Reason::MalformedKey, format_args!("CLIENT:KEY"), received).into());
        };
        report.left_to_the_host(Reason::WrongKey, format_args!("the client's secret"), format_args!(""));
        let requirement = Requirement::Secret(key.to_owned());
        Ok(Authenticated {
            client: Client { id: client.to_owned(), method: METHOD, attributes: Vec::new() },
            conditions: vec![Condition { reason: Reason::WrongKey, requirement }],
        })
    }
}

dropins_plugin::export!(SampleKey);

#[cfg(test)]
mod tests {
    use dropins_plugin::testing::{TestClient, TestRequest, TestServer};

    use super::*;

    fn verdict(keys: &[&str]) -> &'static str {
        let server = TestServer::default().client(TestClient::new("pump-7").method(METHOD).secret("drip:drop"));
        let request = keys.iter().fold(TestRequest::default(), |request, key| request.header("X-Api-Key", key));
        server.judge::<SampleKey>(&request).verdict
    }

    #[test]
    fn the_secret_of_a_client_authenticates_it_and_no_other_key_does() {
        assert_eq!(verdict(&["pump-7:drip:drop"]), "authenticated");
        assert_eq!(verdict(&["pump-7:drop"]), "wrong-key");
        assert_eq!(verdict(&["pump-8:drip:drop"]), "unknown-client");
    }

    #[test]
    fn what_is_malformed_is_rejected() {
        for key in ["drip", ":drip", "pump-7:", ""] {
            assert_eq!(verdict(&[key]), "malformed-key", "{key}");
        }
        assert_eq!(verdict(&["pump-7:drip:drop", "pump-7:drip:drop"]), "repeated-header");
    }

    #[test]
    fn another_request_is_not_claimed() {
        assert_eq!(verdict(&[]), "unclaimed");
    }

    #[test]
    fn a_property_is_a_mistake() {
        assert!(TestServer::default().check_config::<SampleKey>().0.is_empty());
        let (problems, _) = TestServer::default().property("Mode", "strict").check_config::<SampleKey>();
        assert_eq!(problems[0].property, "Mode");
    }
}
