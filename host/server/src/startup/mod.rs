//! From a home folder to everything that a server needs, or to one paragraph that says what is missing.
//!
//! `serve`, `check` and `explain` begin here, so that what one accepts the others accept.

mod error;
mod limits;
mod stores;

use std::fs;
use std::io;
use std::sync::Arc;

use dropins_host::services::{Clock, SystemClock};
use dropins_host::{Digest, Engine};
use dropins_replay::{JtiStore, Location, OpenError, ReplaySettings};

pub use self::error::StartError;
pub(crate) use self::limits::limits;
pub(crate) use self::stores::replay_location;
use self::stores::{database_location, replay_settings};
pub use self::stores::{open_database, stored_clients};
use crate::clients::Sources;
use crate::config::{Code, Deployment, Environment, Notice, Problem, Problems, ReplayStore, parse};
use crate::database::{Database, SCHEMA};
use crate::home::Home;
use crate::live::{Live, Parts};
use crate::reload::Snapshot;

/// A home that was read, with nothing opened yet.
pub struct Started {
    /// The home.
    pub home: Home,
    /// The configuration.
    pub deployment: Deployment,
    /// What is worth a line.
    pub notices: Vec<Notice>,
    /// What placeholders in the configuration refer to.
    pub environment: Environment,
    /// Digest of the configuration's text.
    pub digest: Digest,
}

impl Started {
    /// Reads the home's configuration.
    ///
    /// # Errors
    /// [`StartError`] when there is none or it is wrong.
    pub fn read(home: &Home, properties: &[(String, String)]) -> Result<Self, StartError> {
        Self::read_with(home, Environment::of_process(home.root(), properties.to_vec()))
    }

    /// The same with an environment that was captured before.
    ///
    /// # Errors
    /// [`StartError`] when there is no configuration or it is wrong.
    pub fn read_with(home: &Home, environment: Environment) -> Result<Self, StartError> {
        let path = home.deployment_toml();
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StartError::NoHome { path: path.clone(), home: home.root().to_owned() },
            _ => StartError::Read { path: path.clone(), error },
        })?;
        let (deployment, notices) =
            parse(&text, &environment).map_err(|problems| StartError::Config { path, problems })?;
        Ok(Self { home: home.clone(), deployment, notices, environment, digest: Digest::of(text.as_bytes()) })
    }

    /// What [`Started::open`] would change in the databases, one sentence each; changes nothing.
    ///
    /// # Errors
    /// [`StartError`] says which of them cannot be opened.
    pub async fn plan(&self) -> Result<Vec<String>, StartError> {
        let replay = dropins_replay::plan(&self.replay_settings()).map_err(|error| self.replay_error(error))?;
        let identity = Database::plan(&database_location(&self.home, &self.deployment), &SCHEMA).await;
        let identity = identity.map_err(|error| self.database_error(error))?;
        Ok(replay.into_iter().chain(identity).collect())
    }

    /// What can make the replay store forget used assertions although it works.
    ///
    /// # Errors
    /// [`StartError`] when it cannot be opened.
    pub fn risk(&self) -> Result<Option<String>, StartError> {
        let settings = self.replay_settings();
        let risk = dropins_replay::risk(&settings).map_err(|error| self.replay_error(error))?;
        Ok(risk.map(|risk| format!("the replay store {}: {risk}", settings.location)))
    }

    /// Opens the engine, the replay store and the identity database; makes or migrates the tables there.
    ///
    /// # Errors
    /// [`StartError`] says which of them cannot be opened.
    pub async fn open(&self) -> Result<(Parts, Arc<JtiStore>), StartError> {
        let database = open_database(&self.home, &self.deployment).await;
        let database = database.map_err(|error| self.database_error(error))?;
        self.open_over(&self.replay_settings(), database)
    }

    /// As [`Started::open`], but changes nothing: over an empty replay store in memory, and, while the identity database
    /// is not up to date, over an empty one.
    ///
    /// # Errors
    /// [`StartError`] says what cannot be opened.
    pub async fn rehearse(&self) -> Result<(Parts, Arc<JtiStore>), StartError> {
        let location = database_location(&self.home, &self.deployment);
        let database = match Database::plan(&location, &SCHEMA).await?.is_empty() {
            true => Database::open(&location, &SCHEMA).await?,
            false => Database::scratch(&SCHEMA)?,
        };
        self.open_over(&ReplaySettings::new(Location::Memory), database)
    }

    /// The settings of the replay store.
    pub fn replay_settings(&self) -> ReplaySettings {
        replay_settings(&self.home, &self.deployment)
    }

    fn open_over(&self, replay: &ReplaySettings, database: Database) -> Result<(Parts, Arc<JtiStore>), StartError> {
        let engine = Engine::new(limits(&self.deployment), Some(&self.home.compile_cache()))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let replay = JtiStore::open(replay, Arc::clone(&clock)).map_err(|error| self.replay_error(error))?;
        let replay = Arc::new(replay);
        let parts = Parts {
            home: self.home.clone(),
            engine,
            replay: Arc::clone(&replay) as _,
            stored: stored_clients(&database, Arc::clone(&clock)),
            database,
            sources: Sources::open(&self.deployment, &self.home, Arc::clone(&clock))?,
            clock,
        };
        Ok((parts, replay))
    }

    /// The replay table has the same address as the identity database, unless it is kept elsewhere.
    fn database_error(&self, error: OpenError) -> StartError {
        match self.deployment.replay_store {
            ReplayStore::IdentityDb => self.replay_error(error),
            ReplayStore::Redis(_) | ReplayStore::Memory => StartError::Database(error),
        }
    }

    /// An address that only its driver can judge is wrong where it is written.
    fn replay_error(&self, error: OpenError) -> StartError {
        let OpenError::BadUrl { .. } = error else { return StartError::Database(error) };
        let address = &self.deployment.replay_address;
        let mut problems = Problems::new(Arc::clone(&self.deployment.source));
        problems.push(Problem::new(Code::BadValue, address.span.clone(), address.path, error.to_string()));
        StartError::Config { path: self.home.deployment_toml(), problems }
    }

    /// Builds what the configuration describes.
    ///
    /// # Errors
    /// [`StartError::Live`] with every problem.
    pub async fn build(self, parts: &Parts, number: u64) -> Result<Live, StartError> {
        build(&Snapshot::of(self), parts.clone(), number).await
    }
}

/// Builds what a snapshot describes.
///
/// # Errors
/// [`StartError::Live`] with every problem.
pub async fn build(snapshot: &Snapshot, parts: Parts, number: u64) -> Result<Live, StartError> {
    let path = parts.home.deployment_toml();
    Live::build(snapshot, parts, number).await.map_err(|error| StartError::Live { path, error })
}

impl Parts {
    /// The parts of a deployment that follows on this one; what it does not change is shared with it. Blocks on the
    /// disk.
    ///
    /// # Errors
    /// [`StartError`] says which part cannot be opened.
    pub fn following(&self, old: &Deployment, new: &Deployment) -> Result<Self, StartError> {
        let mut parts = self.clone();
        if limits(old) != limits(new) {
            parts.engine = Engine::new(limits(new), Some(&self.home.compile_cache()))?;
        }
        if old.keystores != new.keystores || old.oauth.jwks_endpoint != new.oauth.jwks_endpoint {
            parts.sources = Sources::open(new, &self.home, Arc::clone(&self.clock))?;
        }
        Ok(parts)
    }
}
