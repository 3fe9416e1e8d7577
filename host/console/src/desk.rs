//! What the pages are handed: the handles of the server, sessions, codes, rates.

use std::sync::Arc;

use dropins_live::Live;
use dropins_operations::clients::Registry;
use dropins_server::admin::AdminHandles;
use tokio_util::task::AbortOnDropHandle;

use crate::codes::Codes;
use crate::rates::{self, Rates};
use crate::session::Sessions;

/// What the pages are handed.
pub(crate) struct Desk {
    pub(crate) handles: AdminHandles,
    pub(crate) sessions: Sessions,
    pub(crate) codes: Codes,
    pub(crate) rates: Arc<Rates>,
    _sampling: AbortOnDropHandle<()>,
}

impl Desk {
    pub(crate) fn new(handles: AdminHandles) -> Self {
        let (clock, metrics) = (&handles.services.clock, &handles.services.metrics);
        let rates = Arc::new(Rates::default());
        Self {
            sessions: Sessions::new(Arc::clone(clock)),
            codes: Codes::new(Arc::clone(clock)),
            _sampling: rates::sample(Arc::clone(&rates), Arc::clone(metrics), Arc::clone(clock)),
            rates,
            handles,
        }
    }

    /// What is live now.
    pub(crate) fn live(&self) -> Arc<Live> {
        self.handles.services.published.current()
    }

    /// Seconds since the Unix epoch.
    pub(crate) fn now(&self) -> u64 {
        self.handles.services.clock.now_seconds()
    }

    /// The clients, as they are live, beside the keystores as they are now.
    pub(crate) async fn registry(&self) -> Registry {
        let live = self.live();
        live.resources.sources.keystores.reread().await;
        Registry::of_live(&live)
    }

    /// `http` or `https`.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.handles.tls { "https" } else { "http" }
    }
}
