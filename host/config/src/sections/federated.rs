//! `federated` of a client: the subjects of trusted issuers that it is known by.
//!
//! A pair names an issuer that is trusted, and belongs to one client. The same rules hold for a client of the database.

use dropins_protocol::FederatedSubject;

use crate::language::problem::{Code, Findings, Problem};
use crate::language::spelling;
use crate::schema::settings::Section;
use crate::sections::client::ServiceProvider;
use crate::sections::client_rules::{FEDERATED, Fault, shown};
use crate::sections::trusted_issuer::{SPIFFE, TrustedIssuer};

/// Checks the pairs of all clients against the issuers and each other, and names each issuer as it is called.
pub(crate) fn check(
    clients: &mut [ServiceProvider],
    settings: &Section,
    issuers: &[TrustedIssuer],
    findings: &mut Findings,
) {
    let mut seen: Vec<(FederatedSubject, String)> = Vec::new();
    let sections: Vec<_> = settings.elements("service_provider").iter().collect();
    for client in clients {
        let section = sections.iter().find(|section| section.span == client.span);
        let elements = section.map(|section| section.elements("service_provider.federated")).unwrap_or_default();
        for (index, pair) in client.record.federated.iter_mut().enumerate() {
            let span = elements.get(index).map_or_else(|| client.span.clone(), |element| element.span.clone());
            let client_id = &client.record.client_id;
            let report = |message: String| {
                let message = format!("`{FEDERATED}` of the client `{client_id}`: {message}");
                Problem::new(Code::BadValue, span.clone(), "service_provider.federated", message)
            };
            *pair = named(pair, issuers);
            if let Some(fault) = fault(pair, issuers) {
                findings.problem(Problem { help: help(pair, issuers), ..report(fault.message) });
            }
            match seen.iter().find(|(other, _)| other == pair) {
                Some((_, other)) => {
                    let message = format!("the client `{other}` has this pair already: a subject is one client");
                    findings.problem(Problem { code: Code::Conflict, ..report(message) });
                }
                None => seen.push((pair.clone(), client_id.clone())),
            }
        }
    }
}

/// The pair with its issuer as the configuration calls it.
pub fn named(pair: &FederatedSubject, issuers: &[TrustedIssuer]) -> FederatedSubject {
    let issuer = issuers.iter().find(|issuer| issuer.is_named(&pair.issuer));
    FederatedSubject { issuer: issuer.map_or(&pair.issuer, |issuer| &issuer.name).clone(), ..pair.clone() }
}

/// What is wrong with a pair, if anything is.
pub fn fault(pair: &FederatedSubject, issuers: &[TrustedIssuer]) -> Option<Fault> {
    let Some(issuer) = issuers.iter().find(|issuer| issuer.name == pair.issuer) else {
        let message = format!("`{}` is not a trusted issuer", shown(&pair.issuer));
        return Some(Fault::new(FEDERATED, message));
    };
    let message = || format!("`{}` cannot be a subject of {}", shown(&pair.subject), issuer.name);
    (!issuer.has_subject(&pair.subject)).then(|| Fault::new(FEDERATED, message()))
}

/// What to write instead.
fn help(pair: &FederatedSubject, issuers: &[TrustedIssuer]) -> Option<String> {
    let names = || issuers.iter().map(|issuer| issuer.name.as_str());
    if names().any(|name| name == pair.issuer) {
        let spiffe = pair.issuer.starts_with(SPIFFE);
        return spiffe.then(|| format!("its subjects begin with {}/", pair.issuer));
    }
    Some(match spelling::nearest(&pair.issuer, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "add a [[trusted_issuer]] with this issuer".to_owned(),
    })
}
