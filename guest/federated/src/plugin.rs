//! The plug-in: its names, what it reads of a request, and the trait that it is exported by.
//!
//! It adds nothing to the rules.

use dropins_plugin::assertion::{AlgorithmSet, JWT_SPIFFE};
use dropins_plugin::{Authenticated, Authenticator, Description, Fields, Problem, Request, Services};

use crate::authenticate::{METHODS, judge};
use crate::policy::Policy;
use crate::reason::{Reason, Refusal, Report};
use crate::request::{claimed_client, is_engaged};

/// The authenticator of clients that trusted issuers vouch for.
#[derive(Debug)]
pub struct FederatedJwt;

impl Authenticator for FederatedJwt {
    type Reason = Reason;
    type Policy = Policy;

    const DESCRIPTION: Description = Description {
        name: "federated_jwt_authenticator",
        aliases: &[],
        version: env!("CARGO_PKG_VERSION"),
        summary: env!("CARGO_PKG_DESCRIPTION"),
        methods: &METHODS,
        reads: &["form:client_assertion", "form:client_assertion_type", "form:client_id"],
        assertion_types: &[JWT_SPIFFE],
    };

    fn policy(properties: Fields<'_, '_>) -> Result<Policy, Vec<Problem>> {
        Policy::from_properties(properties)
    }

    fn algorithms(policy: &Policy) -> AlgorithmSet {
        policy.algorithms
    }

    fn can_authenticate(_: Fields<'_, '_>, request: &Request<'_>) -> bool {
        is_engaged(request)
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

dropins_plugin::export!(FederatedJwt);
