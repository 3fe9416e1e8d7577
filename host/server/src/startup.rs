//! From a home folder to everything that a server needs, or to one paragraph that says what is missing.
//!
//! `serve`, `check` and `explain` begin here, so that what one accepts the others accept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dropins_host::services::{Clock, SystemClock};
use dropins_host::{Digest, Engine, EngineError, Limits};
use dropins_replay::{JtiStore, Location, OpenError, ReplaySettings};

use crate::clients::{SourceError, Sources, StoredClients};
use crate::config::{self, Code, Deployment, Environment, Notice, Problem, Problems, ReplayStore, parse};
use crate::database::{self, Database, StoreError};
use crate::home::Home;
use crate::identity::IdentityStore;
use crate::live::{Live, LiveError, Parts};
use crate::reload::Snapshot;
use crate::tls::TlsError;
use crate::tokens;
use crate::users::UserError;

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

/// Why a home cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no configuration.
    #[error("there is no {}; make a home with `dropins init --home {}`", path.display(), home.display())]
    NoHome {
        /// The missing file.
        path: PathBuf,
        /// The home.
        home: PathBuf,
    },
    /// The configuration cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The configuration is wrong.
    #[error("{}", problems.render(&path.display().to_string(), false))]
    Config {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong.
        problems: Problems,
    },
    /// The configuration is right, but what it names is not.
    #[error("{}", explain(path, error))]
    Live {
        /// The configuration file.
        path: PathBuf,
        /// Everything that is wrong.
        error: LiveError,
    },
    /// The engine does not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The replay store or the identity database cannot be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// A keystore or the fetcher of key sets cannot be opened.
    #[error(transparent)]
    Sources(#[from] SourceError),
    /// The identity database cannot be read.
    #[error(transparent)]
    Clients(#[from] StoreError),
    /// The TLS identity cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The administrator cannot be made.
    #[error("the user of [super_admin] cannot be made: {0}")]
    SuperAdmin(#[from] UserError),
    /// The keys that sign tokens cannot be used.
    #[error(transparent)]
    SigningKeys(#[from] tokens::FileError),
}

impl StartError {
    /// The error on one line, for the log; [`std::fmt::Display`] shows the places in question as well.
    pub fn summary(&self) -> String {
        match self {
            Self::Config { path, problems } => format!("{}:{problems}", path.display()),
            Self::Live { path, error } => format!("{}: {error}", path.display()),
            other => other.to_string(),
        }
    }
}

fn explain(path: &Path, error: &LiveError) -> String {
    let problems = (!error.problems.is_empty()).then(|| error.problems.render(&path.display().to_string(), false));
    error.plugins.iter().map(|plugin| format!("error: {plugin}")).chain(problems).collect::<Vec<_>>().join("\n\n")
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
        let identity = Database::plan(&database_location(&self.home, &self.deployment)).await;
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
        let database = match Database::plan(&location).await?.is_empty() {
            true => Database::open(&location).await?,
            false => Database::scratch()?,
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

/// The identity database of a home, with its tables up to date.
///
/// # Errors
/// [`OpenError`] says why it cannot be opened.
pub async fn open_database(home: &Home, deployment: &Deployment) -> Result<Database, OpenError> {
    Database::open(&database_location(home, deployment)).await
}

/// Where the identity database is.
fn database_location(home: &Home, deployment: &Deployment) -> database::Location {
    match &deployment.database {
        config::Database::Sqlite => database::Location::Sqlite(home.database()),
        config::Database::Postgres(url) => database::Location::Postgres(url.clone()),
        config::Database::Mysql(url) => database::Location::Mysql(url.clone()),
    }
}

/// The clients of the identity database.
pub fn stored_clients(database: &Database, clock: Arc<dyn Clock>) -> Arc<StoredClients> {
    Arc::new(StoredClients::new(IdentityStore::new(database.clone()), clock))
}

/// The limits of plug-ins.
pub(crate) fn limits(deployment: &Deployment) -> Limits {
    let configured = &deployment.limits;
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    Limits {
        memory: size(configured.memory),
        stack: size(configured.stack),
        call_deadline: configured.call_deadline,
        load_deadline: configured.config_deadline,
        host_copy: size(configured.host_copy),
        handles: count(configured.handles),
        component_size: configured.component_size,
        log_lines: count(configured.log_lines),
        log_bytes: size(configured.log_bytes),
        concurrent_calls: configured.concurrent_calls.map_or(Limits::default().concurrent_calls, count),
    }
}

/// Where used assertions are kept.
pub(crate) fn replay_location(home: &Home, deployment: &Deployment) -> Location {
    match (&deployment.replay_store, &deployment.database) {
        (ReplayStore::Memory, _) => Location::Memory,
        (ReplayStore::Redis(url), _) => Location::Redis(url.clone()),
        (ReplayStore::IdentityDb, config::Database::Sqlite) => Location::Sqlite(home.database()),
        (ReplayStore::IdentityDb, config::Database::Postgres(url)) => Location::Postgres(url.clone()),
        (ReplayStore::IdentityDb, config::Database::Mysql(url)) => Location::Mysql(url.clone()),
    }
}

fn replay_settings(home: &Home, deployment: &Deployment) -> ReplaySettings {
    let mut settings = ReplaySettings::new(replay_location(home, deployment));
    (settings.cache_timeout, settings.cache_capacity) = deployment.replay_cache.size();
    settings
}
