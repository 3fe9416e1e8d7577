//! The import `clients`: registrations.

use dropins_services::Registration;

use crate::contract::text::excerpt;
use crate::run::call::CallState;
use crate::run::v0_2::bindings::dropins::client_auth::clients;
use crate::run::v0_2::field::fields;
use crate::run::v0_2::imports::services::CLIENTS;

impl clients::Host for CallState {
    async fn lookup(&mut self, client_id: String) -> wasmtime::Result<Result<Option<clients::Registration>, String>> {
        let services = match self.services() {
            Ok(services) => services,
            Err(loading) => return Ok(Err(loading)),
        };
        let found = self.ask(CLIENTS, services.clients.lookup(&client_id)).await?;
        self.evidence.client_id = Some(excerpt(&client_id));
        Ok(found.map_err(|down| down.to_string()).map(|found| found.map(registration)))
    }

    async fn lookup_subject(
        &mut self,
        issuer: String,
        subject: String,
    ) -> wasmtime::Result<Result<Option<clients::Registration>, String>> {
        let services = match self.services() {
            Ok(services) => services,
            Err(loading) => return Ok(Err(loading)),
        };
        let found = self.ask(CLIENTS, services.clients.lookup_subject(&issuer, &subject)).await?;
        if let Ok(Some(client)) = &found {
            self.evidence.client_id = Some(excerpt(&client.id));
        }
        Ok(found.map_err(|down| down.to_string()).map(|found| found.map(registration)))
    }
}

fn registration(client: Registration) -> clients::Registration {
    clients::Registration {
        id: client.id,
        auth_method: client.auth_method,
        signing_alg: client.signing_alg,
        settings: fields(&client.settings),
    }
}
