//! The last good set of each URL, so that a restart does not depend on the clients' servers.
//!
//! A file is a line of JSON that describes it, followed by the set as it was received. It is used only for the URL that
//! it names; a corrupt, foreign or oversized file is ignored. The folder holds a bounded number of files.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dropins_services::UnixMillis;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};

use super::cached_set::CachedSet;
use super::jwks_url::JwksUrl;
use super::settings::FetchSettings;

const SUFFIX: &str = ".jwks";
/// The largest first line, in bytes: the URL and the headers that are kept.
const MAX_HEAD: usize = 32 * 1024;
/// Files that are added before the folder is swept again.
const SWEEP_AFTER: usize = 64;

/// A folder of sets.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    capacity: usize,
    added: AtomicUsize,
}

/// The first line of a file.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    url: String,
    fetched_at: UnixMillis,
    headers: Vec<(String, String)>,
}

/// Why a file is ignored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
    #[error("it is damaged: {0}")]
    Corrupt(String),
    #[error("it belongs to another URL")]
    OtherUrl,
    #[error("it is from the future")]
    Future,
}

impl Disk {
    /// Opens the folder and makes it if it is missing.
    pub(crate) fn open(folder: &Path, capacity: u64) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let capacity = usize::try_from(capacity).unwrap_or(usize::MAX);
        let disk = Self { folder: folder.to_owned(), capacity, added: AtomicUsize::new(0) };
        disk.sweep()?;
        Ok(disk)
    }

    /// The file of a URL.
    pub(crate) fn path(&self, url: &JwksUrl) -> PathBuf {
        self.folder.join(URL_SAFE_NO_PAD.encode(Sha256::digest(url.as_str())) + SUFFIX)
    }

    /// The set that was stored for the URL.
    pub(crate) fn load(
        &self,
        url: &JwksUrl,
        now: UnixMillis,
        settings: &FetchSettings,
    ) -> Result<Option<CachedSet>, Unusable> {
        let file = match File::open(self.path(url)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let limit = settings.size_limit.saturating_add(MAX_HEAD) as u64;
        let mut content = Vec::new();
        if file.take(limit.saturating_add(1)).read_to_end(&mut content)? as u64 > limit {
            return Err(Unusable::TooLarge(limit));
        }
        let end = content.iter().position(|byte| *byte == b'\n');
        let (head, body) = end.and_then(|end| content.split_at_checked(end)).unwrap_or((&content, b"\n"));
        let damaged = |error: &dyn std::fmt::Display| Unusable::Corrupt(error.to_string());
        let head: Head = serde_json::from_slice(head).map_err(|error| damaged(&error))?;
        if head.url != url.as_str() {
            return Err(Unusable::OtherUrl);
        }
        if head.fetched_at > now {
            return Err(Unusable::Future);
        }
        let headers = headers(&head.headers).ok_or_else(|| damaged(&"a header is none"))?;
        let body = body.get(1..).unwrap_or_default().to_vec();
        CachedSet::read(url, &headers, body, head.fetched_at, settings).map(Some).map_err(|error| damaged(&error))
    }

    /// Replaces the stored set. Not synced: losing it in a crash costs one fetch.
    pub(crate) fn store(&self, url: &JwksUrl, set: &CachedSet) -> io::Result<()> {
        let headers = set.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let head = Head { url: url.as_str().to_owned(), fetched_at: set.fetched_at(), headers: headers.collect() };
        let mut temporary = tempfile::Builder::new().prefix(".new-").suffix(SUFFIX).tempfile_in(&self.folder)?;
        serde_json::to_writer(&mut temporary, &head)?;
        temporary.write_all(b"\n")?;
        temporary.write_all(set.body())?;
        temporary.persist(self.path(url))?;
        if self.added.fetch_add(1, Relaxed) + 1 >= SWEEP_AFTER { self.sweep() } else { Ok(()) }
    }

    /// Removes the oldest files if there are too many. Other files stay.
    fn sweep(&self) -> io::Result<()> {
        self.added.store(0, Relaxed);
        let mut files: Vec<(SystemTime, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_str().is_some_and(|name| name.ends_with(SUFFIX))
                && let Ok(metadata) = entry.metadata()
                && metadata.is_file()
            {
                files.push((metadata.modified()?, entry.path()));
            }
        }
        files.sort();
        let surplus = files.len().saturating_sub(self.capacity);
        for (_, path) in files.into_iter().take(surplus) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn headers(lines: &[(String, String)]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?);
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const NOW: UnixMillis = 1_800_000_000_000;

    fn url(path: &str) -> JwksUrl {
        JwksUrl::parse(&format!("https://client.example/{path}"), &FetchSettings::default()).unwrap()
    }

    fn set(url: &JwksUrl, body: &str) -> CachedSet {
        let headers = headers(&[("etag".to_owned(), "\"a\"".to_owned())]).unwrap();
        CachedSet::read(url, &headers, body.into(), NOW, &FetchSettings::default()).unwrap()
    }

    fn disk(capacity: u64) -> (tempfile::TempDir, Disk) {
        let home = tempfile::tempdir().unwrap();
        let disk = Disk::open(&home.path().join("cache/jwks"), capacity).unwrap();
        (home, disk)
    }

    fn load(disk: &Disk, url: &JwksUrl) -> Result<Option<CachedSet>, Unusable> {
        disk.load(url, NOW, &FetchSettings::default())
    }

    #[test]
    fn a_stored_set_is_loaded_as_it_was() {
        let (_home, disk) = disk(10);
        let url = url("jwks?tenant=1");
        assert!(load(&disk, &url).unwrap().is_none());
        for body in [r#"{"keys":[]}"#, "{\n\"keys\":\n[]}"] {
            disk.store(&url, &set(&url, body)).unwrap();
            let loaded = load(&disk, &url).unwrap().unwrap();
            assert_eq!((loaded.fetched_at(), &loaded.body()[..]), (NOW, body.as_bytes()));
            assert_eq!(loaded.headers().get("etag").unwrap(), "\"a\"");
        }
    }

    #[test]
    fn folder_and_files_are_for_the_owner_only_and_no_other_file_is_left() {
        let (_home, disk) = disk(10);
        let url = url("jwks");
        disk.store(&url, &set(&url, r#"{"keys":[]}"#)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&disk.folder), mode(&disk.path(&url))), (0o700, 0o600));
        assert_eq!(fs::read_dir(&disk.folder).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_damaged_foreign_or_from_the_future_is_passed_over() {
        let (_home, disk) = disk(10);
        let (own, other) = (url("jwks"), url("other"));
        disk.store(&other, &set(&other, r#"{"keys":[]}"#)).unwrap();
        let good = fs::read_to_string(disk.path(&other)).unwrap();
        let large = FetchSettings::default().size_limit + MAX_HEAD + 1;
        for (content, expected) in [
            (good.clone(), "another URL"),
            (good.replace("/other", "/jwks").replace(&NOW.to_string(), &(NOW + 1).to_string()), "future"),
            (good.replace("/other", "/jwks").replace("[]}", "["), "damaged"),
            (good.replace("/other", "/jwks").replace("etag", "e tag"), "damaged"),
            (good.replace("/other", "/jwks").replace("headers", "header"), "damaged"),
            (String::new(), "damaged"),
            ("\n".to_owned(), "damaged"),
            ("{}".to_owned(), "damaged"),
            (" ".repeat(large), "more than"),
        ] {
            fs::write(disk.path(&own), &content).unwrap();
            let error = load(&disk, &own).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        fs::remove_file(disk.path(&own)).unwrap();
        fs::create_dir(disk.path(&own)).unwrap();
        assert!(matches!(load(&disk, &own), Err(Unusable::Unreadable(_))));
    }

    #[test]
    fn the_folder_keeps_the_newest_files_and_those_of_others() {
        let (_home, disk) = disk(3);
        fs::write(disk.folder.join("README"), "").unwrap();
        for number in 0..SWEEP_AFTER {
            let url = url(&number.to_string());
            disk.store(&url, &set(&url, r#"{"keys":[]}"#)).unwrap();
            let age = std::time::Duration::from_secs(number as u64);
            File::open(disk.path(&url)).unwrap().set_modified(SystemTime::UNIX_EPOCH + age).unwrap();
        }
        let disk = Disk::open(&disk.folder, 3).unwrap();
        let kept = |number: usize| load(&disk, &url(&number.to_string())).unwrap().is_some();
        assert_eq!(fs::read_dir(&disk.folder).unwrap().count(), 4);
        assert!(kept(SWEEP_AFTER - 1) && kept(SWEEP_AFTER - 2) && !kept(0));
    }
}
