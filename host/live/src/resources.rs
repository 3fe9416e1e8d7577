//! What a configuration is built with: engine, stores, key sources. They outlive a change that does not concern them.

use std::sync::Arc;

use dropins_config::home::identity_database;
use dropins_config::{Code, Deployment, Home, LoadedHome, Problem, Problems, ReplayStore};
use dropins_database::Database;
use dropins_gateway::Connections;
use dropins_host::Engine;
use dropins_oauth::clients::{Sources, StoredClients};
use dropins_replay::{JtiStore, Location, OpenError, ReplaySettings};
use dropins_services::{Clock, SystemClock};
use dropins_store::SCHEMA;
use dropins_store::clients::IdentityStore;
use futures_util::future::BoxFuture;

use super::error::ResourceError;
use super::replay_settings::replay_settings;

/// What a configuration is built with; it outlives a change that does not concern it.
#[derive(Clone)]
pub struct Resources {
    /// The home folder.
    pub home: Home,
    /// The WebAssembly engine.
    pub engine: Engine,
    /// Used assertions.
    pub replay: Arc<dyn dropins_services::ReplayStore>,
    /// The identity database.
    pub database: Database,
    /// The clients in it.
    pub stored: Arc<StoredClients>,
    /// Keys that are kept elsewhere than in a registration.
    pub sources: Sources,
    /// Connections to the servers behind this one.
    pub connections: Connections,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The clients of the identity database.
pub fn stored_clients(database: &Database, clock: Arc<dyn Clock>) -> Arc<StoredClients> {
    Arc::new(StoredClients::new(IdentityStore::new(database.clone()), clock))
}

/// The identity database of a home, with its tables up to date.
///
/// # Errors
/// [`OpenError`] says why it cannot be opened.
pub async fn open_database(home: &Home, deployment: &Deployment) -> Result<Database, OpenError> {
    Database::open(&identity_database(home, deployment), &SCHEMA).await
}

/// What opening the stores of a home would change in the databases, one sentence each; changes nothing.
///
/// # Errors
/// [`ResourceError`] says which of them cannot be opened.
pub fn plan(home: &LoadedHome) -> BoxFuture<'_, Result<Vec<String>, ResourceError>> {
    Box::pin(async move {
        let replay = dropins_replay::plan(&settings(home)).map_err(|error| replay_error(home, error))?;
        let identity = Database::plan(&home.identity_database(), &SCHEMA).await;
        let identity = identity.map_err(|error| database_error(home, error))?;
        Ok(replay.into_iter().chain(identity).collect())
    })
}

/// What can make the replay store forget used assertions although it works.
///
/// # Errors
/// [`ResourceError`] if it cannot be opened.
pub fn risk(home: &LoadedHome) -> Result<Option<String>, ResourceError> {
    let settings = settings(home);
    let risk = dropins_replay::risk(&settings).map_err(|error| replay_error(home, error))?;
    Ok(risk.map(|risk| format!("the replay store {}: {risk}", settings.location)))
}

impl Resources {
    /// Opens the engine, the replay store and the identity database of a home; makes or migrates the tables there.
    ///
    /// # Errors
    /// [`ResourceError`] says which of them cannot be opened.
    pub fn open(home: &LoadedHome) -> BoxFuture<'_, Result<(Self, Arc<JtiStore>), ResourceError>> {
        Box::pin(async move {
            let database = open_database(&home.home, &home.deployment).await;
            let database = database.map_err(|error| database_error(home, error))?;
            Self::open_over(home, &settings(home), database)
        })
    }

    /// As [`Resources::open`], but changes nothing: over an empty replay store in memory, and, while the identity
    /// database is not up to date, over an empty one.
    ///
    /// # Errors
    /// [`ResourceError`] says what cannot be opened.
    pub fn rehearse(home: &LoadedHome) -> BoxFuture<'_, Result<(Self, Arc<JtiStore>), ResourceError>> {
        Box::pin(async move {
            let location = home.identity_database();
            let database = match Database::plan(&location, &SCHEMA).await?.is_empty() {
                true => Database::open(&location, &SCHEMA).await?,
                false => Database::scratch(&SCHEMA)?,
            };
            Self::open_over(home, &ReplaySettings::new(Location::Memory), database)
        })
    }

    fn open_over(
        home: &LoadedHome,
        replay: &ReplaySettings,
        database: Database,
    ) -> Result<(Self, Arc<JtiStore>), ResourceError> {
        let (deployment, home_folder) = (&home.deployment, &home.home);
        let engine = Engine::new(deployment.limits.clone(), Some(&home_folder.compile_cache()))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let replay = JtiStore::open(replay, Arc::clone(&clock)).map_err(|error| replay_error(home, error))?;
        let replay = Arc::new(replay);
        let resources = Self {
            home: home_folder.clone(),
            engine,
            replay: Arc::clone(&replay) as _,
            stored: stored_clients(&database, Arc::clone(&clock)),
            database,
            sources: Sources::open(deployment, home_folder, Arc::clone(&clock))?,
            connections: Connections::default(),
            clock,
        };
        Ok((resources, replay))
    }

    /// The resources of a deployment that follows on this one; what it does not change is shared with it. Blocks on the
    /// disk.
    ///
    /// # Errors
    /// [`ResourceError`] says which of them cannot be opened.
    pub fn following(&self, old: &Deployment, new: &Deployment) -> Result<Self, ResourceError> {
        let mut resources = self.clone();
        if old.limits != new.limits {
            resources.engine = Engine::new(new.limits.clone(), Some(&self.home.compile_cache()))?;
        }
        let (before, after) = (&old.oauth, &new.oauth);
        if old.keystores != new.keystores
            || before.jwks_endpoint != after.jwks_endpoint
            || before.client_id_metadata != after.client_id_metadata
        {
            resources.sources = Sources::open(new, &self.home, Arc::clone(&self.clock))?;
        }
        Ok(resources)
    }
}

fn settings(home: &LoadedHome) -> ReplaySettings {
    replay_settings(&home.home, &home.deployment)
}

/// The replay table has the same address as the identity database, unless it is kept elsewhere.
fn database_error(home: &LoadedHome, error: OpenError) -> ResourceError {
    match home.deployment.replay_store {
        ReplayStore::IdentityDb => replay_error(home, error),
        ReplayStore::Redis(_) | ReplayStore::Memory => ResourceError::Database(error),
    }
}

/// An address that only its driver can judge is wrong where it is written.
fn replay_error(home: &LoadedHome, error: OpenError) -> ResourceError {
    let OpenError::BadUrl { .. } = error else { return ResourceError::Database(error) };
    let address = &home.deployment.replay_address;
    let mut problems = Problems::new(Arc::clone(&home.deployment.source));
    problems.push(Problem::new(Code::BadValue, address.span.clone(), address.path, error.to_string()));
    ResourceError::Address { path: home.home.deployment_toml(), problems }
}
