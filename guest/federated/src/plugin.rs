//! The plug-in: its names, what it reads of a request, and the trait that it is exported by.
//!
//! Properties that are invalid fail every request closed.

use dropins_plugin::assertion::JWT_SPIFFE;
use dropins_plugin::{Authenticated, Authenticator, Description, Fields, Log, Problem, Request, Services};

use crate::authenticate::{Client, METHODS, judge};
use crate::policy::Policy;
use crate::reason::{Reason, Refusal, Report};
use crate::request::{claimed_client, is_engaged};

/// The authenticator of clients that trusted issuers vouch for.
#[derive(Debug)]
pub struct FederatedJwt;

impl Authenticator for FederatedJwt {
    type Reason = Reason;

    const DESCRIPTION: Description = Description {
        name: "federated_jwt_authenticator",
        aliases: &[],
        version: env!("CARGO_PKG_VERSION"),
        summary: env!("CARGO_PKG_DESCRIPTION"),
        methods: &METHODS,
        reads: &["form:client_assertion", "form:client_assertion_type", "form:client_id"],
        assertion_types: &[JWT_SPIFFE],
    };

    fn check_config(properties: Fields<'_, '_>, _: &dyn Log) -> Vec<Problem> {
        Policy::from_properties(properties).err().unwrap_or_default()
    }

    fn algorithms(properties: Fields<'_, '_>) -> Vec<&'static str> {
        let policy = Policy::from_properties(properties);
        policy.map(|policy| policy.algorithms.iter().map(|one| one.name()).collect()).unwrap_or_default()
    }

    fn can_authenticate(_: Fields<'_, '_>, request: &Request<'_>) -> bool {
        is_engaged(request)
    }

    fn claimed_client(request: &Request<'_>) -> Option<String> {
        claimed_client(request)
    }

    fn authenticate(
        properties: Fields<'_, '_>,
        request: &Request<'_>,
        services: &Services<'_>,
        report: &mut Report,
    ) -> Result<Authenticated<Reason>, Refusal> {
        let policy = Policy::from_properties(properties).map_err(|problems| {
            let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
            Refusal::Unavailable(format!("configuration: {}", problems.join("; ")))
        })?;
        judge(request, &policy, services, report).map(described)
    }
}

dropins_plugin::export!(FederatedJwt);

/// The client with its facts for the audit log, and the condition that is left.
fn described(client: Client) -> Authenticated<Reason> {
    let mut attributes = vec![("alg", client.algorithm.name().to_owned())];
    attributes.extend(client.key.kid.map(|kid| ("kid", kid)));
    attributes.push(("thumbprint", client.key.thumbprint));
    attributes.push(("source", client.key.source));
    attributes.extend([("iss", client.issuer), ("sub", client.subject)]);
    attributes.extend(client.jti.map(|jti| ("jti", jti)));
    Authenticated {
        client: dropins_plugin::Client { id: client.id, method: client.method, attributes },
        conditions: vec![client.condition],
    }
}
