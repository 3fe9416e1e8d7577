//! The import `clients`: registrations and secrets.

use crate::contract::text::excerpt;
use crate::run::call::CallState;
use crate::run::v0_1::bindings::dropins::client_auth::clients;
use crate::run::v0_1::field::fields;
use crate::run::v0_1::imports::services::CLIENTS;

impl clients::Host for CallState {
    async fn lookup(&mut self, client_id: String) -> wasmtime::Result<Result<Option<clients::Registration>, String>> {
        let services = match self.services() {
            Ok(services) => services,
            Err(loading) => return Ok(Err(loading)),
        };
        let found = self.ask(CLIENTS, services.clients.lookup(&client_id)).await?;
        self.evidence.client_id = Some(excerpt(&client_id));
        Ok(found.map_err(|down| down.to_string()).map(|found| {
            found.map(|client| clients::Registration {
                id: client.id,
                auth_method: client.auth_method,
                signing_alg: client.signing_alg,
                settings: fields(&client.settings),
            })
        }))
    }

    async fn check_secret(&mut self, client_id: String, secret: String) -> wasmtime::Result<Result<bool, String>> {
        let services = match self.services() {
            Ok(services) => services,
            Err(loading) => return Ok(Err(loading)),
        };
        let same = self.ask(CLIENTS, services.clients.check_secret(&client_id, &secret)).await?;
        self.evidence.client_id = Some(excerpt(&client_id));
        Ok(same.map_err(|down| down.to_string()))
    }
}
