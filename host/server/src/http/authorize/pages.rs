//! What the pages are handed: the services, and the seal of what they carry back.

use std::sync::Arc;

use super::tickets::Tickets;
use crate::app::PageServices;

/// What every step of the flow uses.
#[derive(Clone)]
pub(super) struct Pages {
    pub(super) services: PageServices,
    pub(super) tickets: Tickets,
}

impl Pages {
    pub(super) fn new(services: PageServices) -> Self {
        let tickets = Tickets::new(services.database.clone(), Arc::clone(&services.clock));
        Self { services, tickets }
    }
}
