//! The document about the audiences that clients send.

use dropins_host::Handler;

use super::documents::AudienceDocument;
use crate::app::AdminServices;

/// Which audience each client sent last, and whether a listener has them noted.
pub fn document(services: &AdminServices) -> AudienceDocument {
    let live = services.published.current();
    let reports = |handler: &Handler| {
        let mut properties = handler.listener().properties.iter();
        properties.any(|(name, value)| name.eq_ignore_ascii_case("AudienceReport") && value == "strict")
    };
    let reported = live.generation.handlers().iter().any(reports);
    AudienceDocument { reported, clients: services.audiences.all() }
}
