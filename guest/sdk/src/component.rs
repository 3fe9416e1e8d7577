//! The glue between the contract and an [`Authenticator`]; compiled for wasm only.
//!
//! It converts values and decides nothing.

#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    clippy::indexing_slicing,
    clippy::missing_safety_doc,
    reason = "code that wit-bindgen generates"
)]

wit_bindgen::generate!({
    path: "wit",
    world: "authenticator-plugin",
    generate_all,
    pub_export_macro: true,
    export_macro_name: "export_component",
});

use std::marker::PhantomData;

use crate::{Authenticator, Reason as _, Refusal, Report, Request, Requirement, Services, State};
use dropins::client_auth::{clients, explain, keys, log, types};
use exports::dropins::client_auth::client_authenticator as api;

/// An authenticator as a component.
pub struct Component<A>(PhantomData<A>);

impl<A: Authenticator> api::Guest for Component<A> {
    fn describe() -> api::Description {
        report_panics();
        let crate::Description { name, aliases, version, summary, methods, reads, assertion_types } = A::DESCRIPTION;
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        api::Description {
            name: name.to_owned(),
            aliases: owned(aliases),
            version: version.to_owned(),
            summary: summary.to_owned(),
            methods: owned(methods),
            reads: owned(reads),
            assertion_types: owned(assertion_types),
        }
    }

    fn check_config(properties: Vec<api::Field>) -> Vec<api::Problem> {
        report_panics();
        let problem = |problem: crate::Problem| api::Problem { property: problem.property, message: problem.message };
        A::check_config(&pairs(&properties), &Host).into_iter().map(problem).collect()
    }

    fn algorithms(properties: Vec<api::Field>) -> Vec<String> {
        report_panics();
        let policy = A::policy(&pairs(&properties)).ok();
        policy.iter().flat_map(|policy| A::algorithms(policy).iter()).map(|one| one.name().to_owned()).collect()
    }

    fn can_authenticate(properties: Vec<api::Field>, request: api::Request) -> bool {
        report_panics();
        A::can_authenticate(&pairs(&properties), &view(&request))
    }

    fn client_id(request: api::Request) -> Option<String> {
        report_panics();
        A::claimed_client(&view(&request))
    }

    fn authenticate(properties: Vec<api::Field>, request: api::Request) -> api::Outcome {
        report_panics();
        let (properties, request) = (pairs(&properties), view(&request));
        if !A::can_authenticate(&properties, &request) {
            return api::Outcome::Unclaimed;
        }
        let services = Services { clients: &Host, keys: &Host, log: &Host };
        let mut report = if explain::wanted() { Report::on() } else { Report::off() };
        let verdict = A::judge(&properties, &request, &services, &mut report);
        for check in report.finish(&verdict) {
            explain::report(&from_check(check));
        }
        match verdict {
            Ok(authenticated) => api::Outcome::Authenticated(types::Authenticated {
                client: from_client(authenticated.client),
                conditions: authenticated.conditions.into_iter().map(from_condition).collect(),
            }),
            Err(Refusal::Rejected(rejection)) => api::Outcome::Rejected(types::Rejection {
                error: rejection.reason.rule().error.code().to_owned(),
                reason: rejection.reason.code().to_owned(),
                detail: rejection.detail(),
            }),
            Err(Refusal::Unavailable(part)) => api::Outcome::Unavailable(part),
        }
    }
}

/// Has a panic write its place and text to the log, on one line, before the instance traps.
fn report_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    let hook = |panic: &std::panic::PanicHookInfo<'_>| {
        log::emit(log::Level::Error, &panic.to_string().replace('\n', " "));
    };
    ONCE.call_once(|| std::panic::set_hook(Box::new(hook)));
}

fn pairs(fields: &[api::Field]) -> Vec<(&str, &str)> {
    fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect()
}

fn view(request: &api::Request) -> Request<'_> {
    Request {
        endpoint: &request.endpoint,
        issuer: &request.issuer,
        token_endpoint: &request.token_endpoint,
        form: pairs(&request.form),
        headers: pairs(&request.headers),
        now: request.now,
    }
}

fn from_check<R: crate::Reason>(check: crate::Check<R>) -> explain::Check {
    let rule = check.reason.rule();
    explain::Check {
        reason: rule.code.to_owned(),
        rule: rule.text.to_owned(),
        state: match check.state {
            State::Passed => explain::State::Passed,
            State::Failed => explain::State::Failed,
            State::NotReached => explain::State::NotReached,
        },
        expected: check.expected,
        received: check.received,
        fix: rule.fix.to_owned(),
    }
}

fn from_client(client: crate::Client) -> types::Client {
    let field = |(name, value): (&str, String)| api::Field { name: name.to_owned(), value };
    let attributes = client.attributes.into_iter().map(field).collect();
    types::Client { id: client.id, method: client.method.to_owned(), attributes }
}

fn from_condition<R: crate::Reason>(condition: crate::Condition<R>) -> types::Condition {
    let requirement = match condition.requirement {
        Requirement::Unused(crate::Unused { identifier, issued_at, expires_at, cached, retry_window }) => {
            types::Requirement::Unused(types::Unused { identifier, issued_at, expires_at, cached, retry_window })
        }
        Requirement::Secret(secret) => types::Requirement::Secret(secret),
        Requirement::NotAfter(time) => types::Requirement::NotAfter(time),
    };
    types::Condition { reason: condition.reason.code().to_owned(), requirement }
}

/// The imports of the component.
struct Host;

impl crate::Clients for Host {
    fn lookup(&self, client_id: &str) -> Result<Option<crate::Registration>, String> {
        Ok(clients::lookup(client_id)?.map(to_registration))
    }

    fn lookup_subject(&self, issuer: &str, subject: &str) -> Result<Option<crate::Registration>, String> {
        Ok(clients::lookup_subject(issuer, subject)?.map(to_registration))
    }
}

fn to_registration(found: clients::Registration) -> crate::Registration {
    crate::Registration {
        id: found.id,
        auth_method: found.auth_method,
        signing_alg: found.signing_alg,
        settings: found.settings.into_iter().map(|field| (field.name, field.value)).collect(),
    }
}

/// The answer to a key lookup.
type Candidates = Result<Vec<Box<dyn crate::PublicKey>>, crate::LookupError>;

fn to_candidates(found: Result<Vec<keys::PublicKey>, keys::LookupError>) -> Candidates {
    match found {
        Ok(candidates) => Ok(candidates.into_iter().map(boxed).collect()),
        Err(keys::LookupError::Unusable(why)) => Err(crate::LookupError::Unusable(why)),
        Err(keys::LookupError::Unavailable(part)) => Err(crate::LookupError::Unavailable(part)),
    }
}

fn from_hint(hint: &crate::Hint<'_>) -> keys::Hint {
    keys::Hint {
        kid: hint.kid.map(str::to_owned),
        x5t: hint.x5t.map(str::to_owned),
        x5t_s256: hint.x5t_s256.map(str::to_owned),
        algorithm: hint.algorithm.to_owned(),
    }
}

impl crate::Keys for Host {
    fn candidates(&self, client_id: &str, hint: &crate::Hint<'_>) -> Candidates {
        to_candidates(keys::candidates(client_id, &from_hint(hint)))
    }

    fn of_issuer(&self, issuer: &str, hint: &crate::Hint<'_>) -> Candidates {
        to_candidates(keys::of_issuer(issuer, &from_hint(hint)))
    }

    fn decoy(&self, algorithm: &str) -> Option<Box<dyn crate::PublicKey>> {
        keys::decoy(algorithm).map(boxed)
    }
}

fn boxed(key: keys::PublicKey) -> Box<dyn crate::PublicKey> {
    Box::new(key)
}

impl crate::PublicKey for keys::PublicKey {
    fn describe(&self) -> crate::KeyDescription {
        let keys::KeyDescription { kid, thumbprint, source, not_before, not_after } = self.describe();
        crate::KeyDescription { kid, thumbprint, source, not_before, not_after }
    }

    fn jwk(&self) -> String {
        self.jwk()
    }

    fn verify(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> Result<bool, crate::Unsupported> {
        self.verify(algorithm, message, signature).map_err(|unsupported| match unsupported {
            keys::Unsupported::Algorithm(name) => crate::Unsupported::Algorithm(name),
            keys::Unsupported::KeyMismatch(why) => crate::Unsupported::KeyMismatch(why),
        })
    }
}

impl crate::Log for Host {
    fn warn(&self, message: &str) {
        log::emit(log::Level::Warn, message);
    }

    fn emit(&self, level: crate::Level, message: &str) {
        let level = match level {
            crate::Level::Debug => log::Level::Debug,
            crate::Level::Info => log::Level::Info,
            crate::Level::Warn => log::Level::Warn,
            crate::Level::Error => log::Level::Error,
        };
        log::emit(level, message);
    }
}
