//! The clients of a home, one line each: those of the file first.

use dropins_database::StoreError;
use dropins_protocol::ClientRecord;
use futures_util::future::BoxFuture;
use serde::Serialize;

use super::registry::Registry;
use super::view::Origin;

/// Clients that are read at once.
const PAGE: usize = 1000;

/// A client in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientLine {
    /// Its id.
    pub client_id: String,
    /// Where it is registered.
    pub origin: &'static str,
    /// Whether it is enabled.
    pub enabled: bool,
    /// The only method that it may use; `None` is any.
    #[serde(rename = "token_endpoint_auth_method")]
    pub auth_method: Option<String>,
    /// Grants that it may use.
    pub grant_types: Vec<String>,
    /// Name for people.
    #[serde(rename = "client_name")]
    pub name: Option<String>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// Clients.
    pub clients: Vec<ClientLine>,
    /// Whether there are more.
    pub more: bool,
}

impl ClientLine {
    fn new(record: ClientRecord, origin: Origin) -> Self {
        let ClientRecord { client_id, enabled, auth_method, grant_types, name, .. } = record;
        Self { client_id, origin: origin.name(), enabled, auth_method, grant_types, name }
    }

    fn holds(&self, lower_case: &str) -> bool {
        let texts = [Some(&self.client_id), self.name.as_ref()];
        texts.into_iter().flatten().any(|text| text.to_lowercase().contains(lower_case))
    }
}

/// At most so many clients whose id or name holds a text, whatever its case; an empty text is in all of them.
///
/// # Errors
/// [`StoreError`] if the database cannot be read.
pub fn lines<'a>(registry: &'a Registry, text: &'a str, most: usize) -> BoxFuture<'a, Result<Lines, StoreError>> {
    Box::pin(async move {
        let text = text.to_lowercase();
        let declared = registry.deployment.service_providers.iter();
        let declared = declared.map(|entry| ClientLine::new(entry.record.clone(), Origin::File));
        let mut clients: Vec<_> = declared.filter(|line| line.holds(&text)).collect();
        let mut after = String::new();
        while clients.len() <= most {
            let page = registry.stored.store().page(&after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.client_id);
            let lines = page.into_iter().map(|record| {
                let hidden = registry.declared(&record.client_id).is_some();
                ClientLine::new(record, if hidden { Origin::Hidden } else { Origin::Database })
            });
            clients.extend(lines.filter(|line| line.holds(&text)));
        }
        let more = clients.len() > most;
        clients.truncate(most);
        Ok(Lines { clients, more })
    })
}
