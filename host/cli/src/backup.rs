//! `dropins backup`: a consistent copy of a home, made while it is served.
//!
//! The archive holds what a restore needs and nothing else. Files that the server replaces by renames are read as a whole,
//! the SQLite database by its online backup, last, so that the copy remembers as many used assertions as it can. A
//! database on a server is not in it.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use dropins_database::{Location, copy_sqlite};
use dropins_host::services::{Clock as _, SystemClock};
use serde::Serialize;
use tar::{Builder, EntryType, Header};

use crate::args::HomeArgs;
use crate::output::{say, say_json, say_warning};
use dropins_config::{Database, Deployment, Home, LoadedHome, ReplayStore};
use dropins_operations::shown::utc;

/// Where an archive has the database.
const DATABASE: &str = "repository/database/identity.db";

/// Write a tar archive of a home, also while it is served.
///
/// The archive holds the configuration, the plug-ins, the keystores and keys, and the SQLite database as it was at one
/// moment. It holds private keys: keep it as you keep them. To restore it, unpack it into an empty folder.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dropins backup home.tar --home ./dropins-home\n  mkdir restored && tar -xpf home.tar -C restored"
)]
pub(super) struct Backup {
    #[command(flatten)]
    home: HomeArgs,
    /// The archive to write; it must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// What was written, and what was not.
#[derive(Serialize)]
struct Report {
    file: PathBuf,
    bytes: u64,
    /// Files in the archive.
    entries: usize,
    /// Seconds since the Unix epoch: what happened later is not in it.
    taken_at: u64,
    /// `sqlite`, or the server that has the database.
    database: String,
    /// What the archive lacks, and how to copy it.
    lacks: Vec<String>,
}

impl Backup {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let loaded = LoadedHome::read(&self.home.home(), &self.home.properties)?;
        let report = write(&loaded, &self.file)?;
        if self.json {
            say_json(&report)?;
            return Ok(ExitCode::SUCCESS);
        }
        let Report { file, bytes, entries, taken_at, lacks, .. } = report;
        say(format_args!("wrote {}: {entries} files, {bytes} bytes, as of {}", file.display(), utc(taken_at)))?;
        lacks.iter().try_for_each(say_warning)?;
        say(format_args!(
            "it holds private keys and secrets; restored, it forgets assertions that are used from now on: start the \
             restored server when those have expired\nrestore: mkdir DIR && tar -xpf {} -C DIR, then dropins check --home DIR",
            file.display()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn write(loaded: &LoadedHome, file: &Path) -> anyhow::Result<Report> {
    let (home, place) = (&loaded.home, file.display());
    anyhow::ensure!(!file.exists(), "{place} is there already; choose another file, or move it away");
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = || format!("{place} cannot be written");
    // A temporary file is its owner's only, and is gone if this fails.
    let temporary = tempfile::Builder::new().prefix(".backup-").tempfile_in(folder).with_context(failed)?;
    let mut archive = Archive { tar: Builder::new(io::BufWriter::new(temporary)), entries: 0 };
    for path in [home.conf(), home.dropins(), home.kept(), home.security(), home.jwks_cache()] {
        archive.add(home, &path).with_context(failed)?;
    }
    let taken_at = SystemClock.now_seconds();
    if let Location::Sqlite(path) = loaded.identity_database() {
        // Beside the archive: where that has room.
        let scratch = tempfile::Builder::new().prefix(".backup-").tempdir_in(folder).with_context(failed)?;
        let copy = scratch.path().join("identity.db");
        copy_sqlite(&path, &copy)?;
        archive.folder(Path::new(DATABASE).parent().unwrap_or(Path::new("")), 0o700).with_context(failed)?;
        let database = fs::File::open(&copy).with_context(failed)?;
        let length = database.metadata().with_context(failed)?.len();
        archive.file(Path::new(DATABASE), 0o600, taken_at, length, database).with_context(failed)?;
    }
    let entries = archive.entries;
    let temporary = archive.tar.into_inner().and_then(|writer| writer.into_inner().map_err(io::Error::from));
    let mut temporary = temporary.with_context(failed)?;
    temporary.flush().and_then(|()| temporary.as_file().sync_all()).with_context(failed)?;
    let written = temporary.persist_noclobber(file).map_err(|error| error.error).with_context(failed)?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(failed)?;
    Ok(Report {
        file: file.to_owned(),
        bytes: written.metadata().with_context(failed)?.len(),
        entries,
        taken_at,
        database: loaded.identity_database().to_string(),
        lacks: lacks(home, &loaded.deployment),
    })
}

/// What is kept elsewhere than in the home.
fn lacks(home: &Home, deployment: &Deployment) -> Vec<String> {
    let identity = match &deployment.database {
        Database::Sqlite => None,
        Database::Postgres(_) => Some("PostgreSQL: pg_dump --format=custom"),
        Database::Mysql(_) => Some("MariaDB or MySQL: mysqldump --single-transaction"),
    };
    let identity =
        identity.map(|tool| format!("the identity database is not in it; copy it now with the tool of {tool}"));
    let replay = match &deployment.replay_store {
        ReplayStore::IdentityDb => None,
        _ => Some("used assertions are not in it: they are in Redis or in the memory of the server".to_owned()),
    };
    let identity_files = deployment.transport.https.iter().filter_map(|https| https.identity.as_ref());
    let named = identity_files.flat_map(|files| [&files.certificate, &files.private_key]);
    let outside = named.map(|file| home.conf().join(file)).filter(|file| !file.starts_with(home.root()));
    let outside = outside.map(|file| format!("{} is not in it: it is outside of the home", file.display()));
    identity.into_iter().chain(replay).chain(outside).collect()
}

/// An archive that grows.
struct Archive<W: io::Write> {
    tar: Builder<W>,
    entries: usize,
}

impl<W: io::Write> Archive<W> {
    /// Adds a folder of the home with all that is in it; nothing if there is none.
    fn add(&mut self, home: &Home, path: &Path) -> io::Result<()> {
        let name = path.strip_prefix(home.root()).unwrap_or(path);
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            // A file may be replaced, or removed, since its folder was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if metadata.is_dir() {
            self.folder(name, metadata.permissions().mode())?;
            let mut paths: Vec<_> =
                fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
            paths.sort();
            return paths.iter().filter(|path| !is_unfinished(path)).try_for_each(|path| self.add(home, path));
        }
        if !metadata.is_file() {
            return Ok(());
        }
        // As a whole: a file that is overwritten meanwhile must not have another length than its header says.
        let content = fs::read(path)?;
        let (mode, modified) = (metadata.permissions().mode(), u64::try_from(metadata.mtime()).unwrap_or_default());
        self.file(name, mode, modified, content.len() as u64, &content[..])
    }

    fn folder(&mut self, name: &Path, mode: u32) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Directory);
        header.set_mode(mode & 0o777);
        header.set_size(0);
        self.tar.append_data(&mut header, name, io::empty())
    }

    fn file(&mut self, name: &Path, mode: u32, modified: u64, length: u64, content: impl io::Read) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_mode(mode & 0o777);
        header.set_mtime(modified);
        header.set_size(length);
        self.entries += 1;
        self.tar.append_data(&mut header, name, content)
    }
}

/// A file that is still being written, or the folder behind a link that is followed.
fn is_unfinished(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_has_links_as_files_and_no_unfinished_file() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        fs::create_dir_all(home.conf().join("..2026")).unwrap();
        fs::write(home.conf().join("..2026/deployment.toml"), "x = 1").unwrap();
        std::os::unix::fs::symlink("..2026/deployment.toml", home.deployment_toml()).unwrap();
        fs::write(home.conf().join(".new-1.tmp"), "half").unwrap();
        let mut archive = Archive { tar: Builder::new(Vec::new()), entries: 0 };
        archive.add(&home, &home.conf()).unwrap();
        archive.add(&home, &home.security()).unwrap();
        let bytes = archive.tar.into_inner().unwrap();
        let mut read = tar::Archive::new(&bytes[..]);
        let names: Vec<_> = read.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().into_owned()).collect();
        assert_eq!(names, [Path::new("repository/conf"), Path::new("repository/conf/deployment.toml")]);
    }

    #[test]
    fn what_is_kept_elsewhere_is_named_with_the_tool_for_it() {
        let lacks = |text: &str| {
            let (deployment, _) = dropins_config::parse(text, &dropins_config::Environment::default()).unwrap();
            super::lacks(&Home::new("/srv/is"), &deployment).join("\n")
        };
        assert_eq!(lacks(""), "");
        assert!(lacks("[database.identity_db]\nurl = 'postgresql://h/d'").contains("pg_dump"));
        let redis =
            lacks("[database.identity_db]\nurl = 'mysql://h/d'\n[replay_store]\ntype = 'redis'\nurl = 'redis://h'");
        assert!(redis.contains("mysqldump") && redis.contains("used assertions"), "{redis}");
        let tls = "[transport.https]\ncertificate_file = '/etc/tls/c.pem'\nprivate_key_file = 'k.pem'";
        assert_eq!(lacks(tls), "/etc/tls/c.pem is not in it: it is outside of the home");
    }
}
