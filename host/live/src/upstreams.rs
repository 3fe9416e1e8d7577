//! The servers behind this one, as the file describes them.

use dropins_config::{Code, Deployment, KeyFiles, Problem, Problems, endpoints};
use dropins_gateway::{Account, Connections, Gateway};
use dropins_protocol::ClientRecord;
use dropins_protocol::names::NONE;

use super::report::Report;

/// Connects what the file describes. A path that this server serves itself is a problem; a client without an account at
/// its upstream is a warning.
pub(super) fn build(
    deployment: &Deployment,
    files: &Result<KeyFiles, Problems>,
    connections: &Connections,
    report: &mut Report,
) -> Gateway {
    own_paths(deployment, report);
    accounts(deployment, report);
    let none = KeyFiles::default();
    let roots = &files.as_ref().unwrap_or(&none).upstream_roots;
    Gateway::new(&deployment.upstreams, roots, connections).unwrap_or_else(|bad| {
        for (span, error) in bad {
            report.error(
                Code::File,
                span,
                "upstream.ca_file",
                format!("the roots of the upstream cannot be used: {error}"),
            );
        }
        Gateway::default()
    })
}

fn own_paths(deployment: &Deployment, report: &mut Report) {
    for upstream in deployment.upstreams.iter().filter(|_| deployment.oauth.enabled) {
        for path in endpoints::OWN.into_iter().filter(|path| upstream.takes(path)) {
            let message = format!("`{path}` is a path of this server, which issues tokens itself, and of the upstream");
            let problem = Problem::new(Code::Conflict, upstream.span.clone(), "upstream", message);
            let help = "set [oauth] enabled = false, or give the upstream other paths";
            report.problems.push(problem.help(help));
        }
    }
}

fn accounts(deployment: &Deployment, report: &mut Report) {
    let enabled = deployment.service_providers.iter().map(|client| &client.record).filter(|client| client.enabled);
    report.warnings.extend(enabled.filter_map(|client| upstream_lack(deployment, client)));
}

/// A sentence for the operator if the client would be rejected at its upstream.
pub fn upstream_lack(deployment: &Deployment, client: &ClientRecord) -> Option<String> {
    let (client_id, only) = (&client.client_id, deployment.upstreams.len() == 1);
    let upstream = match &client.upstream.issuer {
        Some(issuer) => {
            let found = deployment.upstreams.iter().find(|upstream| upstream.issuer.as_str() == issuer);
            if found.is_none() {
                return Some(format!("client `{client_id}`: there is no upstream `{issuer}`"));
            }
            found
        }
        // A server that issues tokens itself has clients of its own.
        None => deployment.upstreams.first().filter(|_| !deployment.oauth.enabled),
    };
    let upstream = upstream?;
    let authenticated = client.auth_method.as_deref() != Some(NONE);
    let lack = Account::of(client_id, &client.upstream, authenticated, upstream, only).err()?;
    Some(format!("client `{client_id}` is rejected at the upstream {}: {lack}", upstream.issuer.as_str()))
}
