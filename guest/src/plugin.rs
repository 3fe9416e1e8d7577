//! The plug-in: its names, what it reads of a request, and the trait that it is exported by.
//!
//! Properties that are invalid fail every request closed.

use dropins_plugin::{Authenticated, Authenticator, Description, Fields, Log, Problem, Request, Services};

use crate::audience::SentAudience;
use crate::authenticate::{Client, METHOD, judge};
use crate::policy::Policy;
use crate::reason::{Reason, Refusal, Report};
use crate::request::{claimed_client, is_engaged};

/// The `private_key_jwt` authenticator.
#[derive(Debug)]
pub struct PrivateKeyJwt;

impl Authenticator for PrivateKeyJwt {
    type Reason = Reason;

    const DESCRIPTION: Description = Description {
        name: "private_key_jwt_authenticator",
        // The class of WSO2 Identity Server, full and simple.
        aliases: &[
            "org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.PrivateKeyJWTClientAuthenticator",
            "PrivateKeyJWTClientAuthenticator",
        ],
        version: env!("CARGO_PKG_VERSION"),
        summary: env!("CARGO_PKG_DESCRIPTION"),
        methods: &[METHOD],
        reads: &["form:client_assertion", "form:client_assertion_type", "form:client_id"],
        assertion_types: &[],
    };

    fn check_config(properties: Fields<'_, '_>, log: &dyn Log) -> Vec<Problem> {
        for warning in Policy::warnings(properties) {
            log.warn(&warning);
        }
        Policy::from_properties(properties).err().unwrap_or_default()
    }

    fn algorithms(properties: Fields<'_, '_>) -> Vec<&'static str> {
        let policy = Policy::from_properties(properties);
        policy.map(|policy| policy.algorithms().iter().map(|one| one.name()).collect()).unwrap_or_default()
    }

    fn can_authenticate(properties: Fields<'_, '_>, request: &Request<'_>) -> bool {
        is_engaged(request, Policy::foreign_issuers(properties))
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

dropins_plugin::export!(PrivateKeyJwt);

/// The client with its facts for the audit log, and the condition that is left.
fn described(client: Client) -> Authenticated<Reason> {
    let mut attributes = vec![("alg", client.algorithm.name().to_owned())];
    attributes.extend(client.key.kid.or(client.kid).map(|kid| ("kid", kid)));
    attributes.push(("thumbprint", client.key.thumbprint));
    attributes.push(("source", client.key.source));
    attributes.extend(client.jti.map(|jti| ("jti", jti)));
    if let Some(SentAudience { received, strict }) = client.audience {
        attributes.push(("aud", received));
        attributes.push(("aud_strict", if strict { "accepted" } else { "rejected" }.to_owned()));
    }
    Authenticated {
        client: dropins_plugin::Client { id: client.id, method: METHOD, attributes },
        conditions: client.condition.into_iter().collect(),
    }
}
