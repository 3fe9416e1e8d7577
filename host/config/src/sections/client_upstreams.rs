//! The upstreams that declared clients name.

use crate::language::problem::{Code, Findings, Problem};
use crate::language::spelling;
use crate::schema::settings::Section;
use crate::sections::client::ServiceProvider;
use crate::sections::upstream::Upstream;

/// A client names an upstream that there is, and where there are several it names one.
pub(crate) fn check(settings: &Section, clients: &[ServiceProvider], upstreams: &[Upstream], findings: &mut Findings) {
    // One that cannot be read is a problem already.
    if settings.elements("upstream").len() != upstreams.len() {
        return;
    }
    let path = "service_provider.upstream";
    let issuers: Vec<&str> = upstreams.iter().map(|upstream| upstream.issuer.as_str()).collect();
    for client in clients.iter().filter(|client| client.record.enabled) {
        let client_id = &client.record.client_id;
        match client.record.upstream.issuer.as_deref() {
            Some(named) if !issuers.contains(&named) => {
                let message = format!("the client `{client_id}` names the upstream `{named}`, and there is none");
                let problem = Problem::new(Code::BadValue, client.span.clone(), path, message);
                let near = spelling::nearest(named, issuers.iter().copied());
                findings.problem(match near {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help("`upstream` is the issuer of an [[upstream]]"),
                });
            }
            None if issuers.len() > 1 => {
                let message = format!("the client `{client_id}` does not say which upstream it uses");
                let problem = Problem::new(Code::Missing, client.span.clone(), path, message);
                findings
                    .problem(problem.help(format!("upstream = {:?}", issuers.first().copied().unwrap_or_default())));
            }
            _ => {}
        }
    }
}
