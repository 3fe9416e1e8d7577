//! The settings that clients override, as the plug-in that reads them judges them.

use dropins_host::{Generation, Handler, Validated};

use super::listeners::{ASSERTION_METHOD, FEDERATED};
use super::report::Report;
use dropins_config::{Code, Deployment};
use dropins_oauth::clients::settings;

/// A wrong override would refuse its client at run time; the plug-in can say so now.
pub(super) async fn check(
    deployment: &Deployment,
    generation: &Generation,
    plugins: &[Validated],
    report: &mut Report,
) {
    let judges = |handler: &&Handler| {
        // The other plug-in of the method has no property that a client overrides.
        let description = handler.description();
        description.name != FEDERATED && description.methods.iter().any(|method| method == ASSERTION_METHOD)
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
