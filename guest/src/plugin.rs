//! The plug-in: its names, what it reads of a request, and the trait that it is exported by.
//!
//! It adds nothing to the rules.

use dropins_plugin::assertion::AlgorithmSet;
use dropins_plugin::{Authenticated, Authenticator, Description, Fields, Problem, Request, Services};

use crate::authenticate::{METHOD, judge};
use crate::policy::Policy;
use crate::reason::{Reason, Refusal, Report};
use crate::request::{claimed_client, is_engaged};

/// The `private_key_jwt` authenticator.
#[derive(Debug)]
pub struct PrivateKeyJwt;

impl Authenticator for PrivateKeyJwt {
    type Reason = Reason;
    type Policy = Policy;

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

    fn policy(properties: Fields<'_, '_>) -> Result<Policy, Vec<Problem>> {
        Policy::from_properties(properties)
    }

    fn warnings(properties: Fields<'_, '_>) -> Vec<String> {
        Policy::warnings(properties)
    }

    fn algorithms(policy: &Policy) -> AlgorithmSet {
        policy.algorithms()
    }

    fn can_authenticate(properties: Fields<'_, '_>, request: &Request<'_>) -> bool {
        is_engaged(request, Policy::foreign_issuers(properties))
    }

    fn claimed_client(request: &Request<'_>) -> Option<String> {
        claimed_client(request)
    }

    fn authenticate(
        policy: &Policy,
        request: &Request<'_>,
        services: &Services<'_>,
        report: &mut Report,
    ) -> Result<Authenticated<Reason>, Refusal> {
        judge(request, policy, services, report)
    }
}

dropins_plugin::export!(PrivateKeyJwt);
