//! `federated` of a client, as it is written: pairs of issuer and subject. [`super::federated`] checks them.

use dropins_protocol::FederatedSubject;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;

/// Reads the pairs of a client.
pub(crate) fn read(section: &Section, findings: &mut Findings) -> Vec<FederatedSubject> {
    let mut pairs = Vec::new();
    for element in section.elements("service_provider.federated") {
        let mut text = |path: &'static str, name: &str| {
            if element.lacks(path) {
                let message =
                    format!("a pair of `federated` has an `issuer` and a `subject`; this one has no `{name}`");
                findings.problem(Problem::new(Code::Missing, element.span.clone(), path, message));
            }
            element.text(path)
        };
        let issuer = text("service_provider.federated.issuer", "issuer");
        let subject = text("service_provider.federated.subject", "subject");
        if let (Some(issuer), Some(subject)) = (issuer, subject) {
            pairs.push(FederatedSubject { issuer, subject });
        }
    }
    pairs
}
