//! The glue between the WIT world and the core; compiled for wasm only.
//!
//! It converts values and nothing else: every decision is made in [`judge`](crate::judge) and
//! [`Policy::from_properties`](crate::Policy::from_properties). Bad properties fail closed.

#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    clippy::indexing_slicing,
    clippy::missing_safety_doc,
    reason = "code that wit-bindgen generates"
)]

wit_bindgen::generate!({ path: "../wit", world: "authenticator-plugin", generate_all });

use crate::{Client, Policy, Refusal, Report, State, judge};
use dropins::client_auth::{clients, explain, keys, log, replay, types};
use exports::dropins::client_auth::client_authenticator as api;

struct Component;

impl api::Guest for Component {
    fn describe() -> api::Description {
        api::Description {
            name: crate::NAME.to_owned(),
            aliases: crate::ALIASES.map(str::to_owned).to_vec(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: env!("CARGO_PKG_DESCRIPTION").to_owned(),
            methods: vec![crate::METHOD.to_owned()],
            reads: crate::READS.map(str::to_owned).to_vec(),
        }
    }

    fn check_config(properties: Vec<api::Field>) -> Vec<api::Problem> {
        let problem = |problem: crate::Problem| api::Problem { property: problem.property, message: problem.message };
        let properties = pairs(&properties);
        for warning in Policy::warnings(&properties) {
            log::emit(log::Level::Warn, &warning);
        }
        let policy = Policy::from_properties(&properties);
        policy.err().unwrap_or_default().into_iter().map(problem).collect()
    }

    fn algorithms(properties: Vec<api::Field>) -> Vec<String> {
        let policy = Policy::from_properties(&pairs(&properties));
        policy.map(|policy| policy.algorithms().iter().map(|one| one.name().to_owned()).collect()).unwrap_or_default()
    }

    fn can_authenticate(request: api::Request) -> bool {
        view(&request).is_engaged()
    }

    fn client_id(request: api::Request) -> Option<String> {
        view(&request).claimed_client()
    }

    fn authenticate(properties: Vec<api::Field>, request: api::Request) -> api::Outcome {
        let policy = match Policy::from_properties(&pairs(&properties)) {
            Ok(policy) => policy,
            Err(problems) => {
                let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
                return api::Outcome::Unavailable(format!("configuration: {}", problems.join("; ")));
            }
        };
        let services = crate::Services { clients: &Host, keys: &Host, replay: &Host, log: &Host };
        let mut report = if explain::wanted() { Report::on() } else { Report::off() };
        let verdict = judge(&view(&request), &policy, &services, &mut report);
        for check in report.finish(&verdict) {
            explain::report(&from_check(check));
        }
        match verdict {
            Ok(client) => api::Outcome::Authenticated(from_client(client)),
            Err(Refusal::Rejected(rejection)) => api::Outcome::Rejected(types::Rejection {
                error: rejection.reason.rule().error.code().to_owned(),
                reason: rejection.reason.code().to_owned(),
                detail: rejection.detail(),
            }),
            Err(Refusal::Unavailable(part)) => api::Outcome::Unavailable(part),
        }
    }
}

export!(Component);

fn pairs(fields: &[api::Field]) -> Vec<(&str, &str)> {
    fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect()
}

fn view(request: &api::Request) -> crate::Request<'_> {
    crate::Request {
        endpoint: &request.endpoint,
        issuer: &request.issuer,
        token_endpoint: &request.token_endpoint,
        form: pairs(&request.form),
        now: request.now,
    }
}

fn from_check(check: crate::Check) -> explain::Check {
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

fn from_client(client: Client) -> api::Client {
    let field = |name: &str, value| api::Field { name: name.to_owned(), value };
    let mut attributes = vec![field("alg", client.algorithm.name().to_owned())];
    attributes.extend(client.key.kid.or(client.kid).map(|kid| field("kid", kid)));
    attributes.push(field("thumbprint", client.key.thumbprint));
    attributes.push(field("source", client.key.source));
    attributes.extend(client.jti.map(|jti| field("jti", jti)));
    api::Client { id: client.id, method: crate::METHOD.to_owned(), attributes }
}

/// The imports of the component.
struct Host;

impl crate::Clients for Host {
    fn lookup(&self, client_id: &str) -> Result<Option<crate::Registration>, String> {
        let registration = |found: clients::Registration| crate::Registration {
            id: found.id,
            auth_method: found.auth_method,
            signing_alg: found.signing_alg,
            settings: found.settings.into_iter().map(|field| (field.name, field.value)).collect(),
        };
        Ok(clients::lookup(client_id)?.map(registration))
    }
}

impl crate::Keys for Host {
    fn candidates(
        &self,
        client_id: &str,
        hint: &crate::Hint<'_>,
    ) -> Result<Vec<Box<dyn crate::PublicKey>>, crate::LookupError> {
        let hint = keys::Hint {
            kid: hint.kid.map(str::to_owned),
            x5t: hint.x5t.map(str::to_owned),
            x5t_s256: hint.x5t_s256.map(str::to_owned),
            algorithm: hint.algorithm.to_owned(),
        };
        match keys::candidates(client_id, &hint) {
            Ok(candidates) => Ok(candidates.into_iter().map(boxed).collect()),
            Err(keys::LookupError::Unusable(why)) => Err(crate::LookupError::Unusable(why)),
            Err(keys::LookupError::Unavailable(part)) => Err(crate::LookupError::Unavailable(part)),
        }
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

impl crate::Replay for Host {
    fn remember(&self, used: &crate::Use<'_>) -> Result<crate::Verdict, String> {
        let crate::Use { client_id, jti, issued_at, expires_at, cached, retry_window } = *used;
        replay::remember(client_id, jti, issued_at, expires_at, cached, retry_window).map(|verdict| match verdict {
            replay::Verdict::First => crate::Verdict::First,
            replay::Verdict::Seen => crate::Verdict::Seen,
        })
    }
}

impl crate::Log for Host {
    fn warn(&self, message: &str) {
        log::emit(log::Level::Warn, message);
    }
}
