//! The components of the plug-in folder, and what they say about the settings that clients override.

use dropins_host::{Candidate, Engine, Generation, Validated};

use super::listeners::ASSERTION_METHOD;
use super::report::Report;
use super::resources::Resources;
use super::snapshot::Snapshot;
use dropins_config::{Code, Deployment};
use dropins_oauth::clients::settings;

/// Reads and validates the components that the snapshot holds; what cannot be used is reported.
pub(super) async fn read(snapshot: &Snapshot, resources: &Resources, report: &mut Report) -> Vec<Validated> {
    let folder = resources.home.dropins();
    let found = match &snapshot.plugins {
        Ok(found) => found,
        Err(error) => {
            report.unread = true;
            report.plugins.push(format!("the plug-in folder {} cannot be read: {error}", folder.display()));
            return Vec::new();
        }
    };
    let mut plugins = Vec::new();
    for candidate in found {
        match validate(candidate.clone(), &resources.engine).await {
            Ok(plugin) => plugins.push(plugin),
            Err(error) => {
                report.unread |= error.reason.is_transient();
                report.plugins.push(format!("{}/{error}", folder.display()));
            }
        }
    }
    plugins
}

async fn validate(
    candidate: Result<Candidate, dropins_host::CandidateError>,
    engine: &Engine,
) -> Result<Validated, dropins_host::CandidateError> {
    candidate?.validate(engine).await
}

/// A wrong override would refuse its client at run time; the plug-in can say so now.
pub(super) async fn check_overrides(
    deployment: &Deployment,
    generation: &Generation,
    plugins: &[Validated],
    report: &mut Report,
) {
    let judges = |handler: &&dropins_host::Handler| {
        handler.description().methods.iter().any(|method| method == ASSERTION_METHOD)
    };
    let Some(handler) = generation.handlers().iter().find(judges) else { return };
    for client in deployment.service_providers.iter().filter(|client| !client.record.overrides.is_empty()) {
        let overrides = settings(&client.record.overrides);
        let kept = handler.listener().properties.iter();
        let kept = kept.filter(|(name, _)| !overrides.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)));
        let properties: Vec<_> = kept.chain(&overrides).cloned().collect();
        match handler.check_properties(plugins, &properties).await {
            Ok(problems) => problems.iter().for_each(|problem| {
                let client_id = &client.record.client_id;
                let message = format!("client `{client_id}`: {}: {}", problem.property, problem.message);
                report.error(Code::BadValue, client.span.clone(), "service_provider", message);
            }),
            Err(failure) => report.unanswered(client.span.clone(), "service_provider", &failure),
        }
    }
}
