//! The document about one rejected request.

use dropins_live::advice;

use super::documents::DecisionDocument;
use crate::app::AdminServices;

/// What became of the request with this reference id, with the rule that it broke; `None` if it is not kept.
pub async fn document(services: &AdminServices, reference: &str) -> Option<DecisionDocument> {
    let record = services.decisions.find(reference)?;
    let live = services.published.current();
    let rule = match &record.reason {
        Some(reason) => advice::rule(&live.generation, reason).await,
        None => None,
    };
    let note = match &record.client {
        Some(client_id) => advice::note(&live, client_id).await,
        None => None,
    };
    let (rule, fix) = rule.map(|rule| (rule.rule, rule.fix)).unzip();
    Some(DecisionDocument { record, rule, fix, note })
}
