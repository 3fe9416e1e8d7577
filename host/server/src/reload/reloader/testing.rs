//! A reloader that serves a home without listeners.

use std::sync::Arc;

use dropins_host::services::Clock;

use super::Reloader;
use crate::app::App;
use crate::home::Home;
use crate::reload::{Edition, Snapshot};
use crate::startup::Started;
use crate::tokens::SigningKeys;

/// A reloader of this home that waits for nothing yet, by this clock.
pub(super) async fn reloader(home: &Home, clock: Arc<dyn Clock>) -> Arc<Reloader> {
    let started = Started::read(home, &[]).unwrap_or_else(|error| panic!("{error}"));
    let (mut parts, replay) = started.open().await.unwrap();
    parts.clock = clock;
    let environment = started.environment.clone();
    let edition = Edition::build(Arc::new(Snapshot::of(started)), parts.clone(), 1, Vec::new()).await;
    let edition = edition.unwrap_or_else(|error| panic!("{error}"));
    let app = App::new(Arc::clone(&edition.live), &parts, replay, SigningKeys::open(home).unwrap());
    Reloader::new(Arc::new(app), edition, environment, None)
}

/// The component with another digest that does the same: an empty custom section makes the difference.
pub(super) fn variant(component: &[u8], number: u8) -> Vec<u8> {
    let name = [b'v', b'0' + number];
    [component, &[0, 3, 2], &name].concat()
}
