//! What `dropins --version` says besides the version: the commit, its date, the compiler, the engine of plug-ins, and the
//! contract with them; and the sources that `dropins plugin new` writes.
//!
//! A source archive has no git, and a development build is not made again for each commit: both name no commit.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// What new plug-ins get of our source, with the constant of `plugin/new/sources.rs`.
const SOURCES: [(&str, &str); 3] =
    [("SDK", "../../guest/sdk/src"), ("STRICT_JSON", "../../guest/strict-json/src"), ("CONTRACT", "../../wit")];

fn main() {
    for file in ["../../wit", "../../Cargo.lock"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let released = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = if released { commit() } else { None };
    println!("cargo::rustc-env=DROPINS_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    for (name, value) in [("CONTRACT", contract()), ("RUSTC", rustc()), ("WASMTIME", wasmtime())] {
        println!("cargo::rustc-env=DROPINS_{name}={}", value.as_deref().unwrap_or("unknown"));
    }
    if let Err(error) = embed_sources() {
        println!("cargo::error=the sources for new plug-ins cannot be embedded: {error}");
    }
}

/// Writes one constant for each folder: the paths and texts of its files.
fn embed_sources() -> io::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("sources.rs");
    let mut code = String::new();
    for (name, folder) in SOURCES {
        println!("cargo::rerun-if-changed={folder}");
        let root = fs::canonicalize(folder)?;
        let mut files = Vec::new();
        collect(&root, &mut files)?;
        files.sort();
        let entry = |file: &PathBuf| {
            let path = file.strip_prefix(&root).unwrap_or(file);
            format!("    ({:?}, include_str!({:?})),\n", path.to_string_lossy(), file.to_string_lossy())
        };
        let entries: String = files.iter().map(entry).collect();
        code.push_str(&format!("pub(super) const {name}: &[Source] = &[\n{entries}];\n"));
    }
    fs::write(out, code)
}

/// The files in a folder and the folders inside it.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Short hash and date of the commit of this source.
fn commit() -> Option<String> {
    // Another repository may hold an unpacked archive.
    git(&["ls-files", "--error-unmatch", "build.rs"])?;
    for file in ["HEAD", "logs/HEAD"] {
        println!("cargo::rerun-if-changed={}", git(&["rev-parse", "--git-path", file])?);
    }
    git(&["log", "-1", "--format=%h of %cs"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let done = Command::new("git").args(arguments).output().ok().filter(|done| done.status.success())?;
    Some(String::from_utf8(done.stdout).ok()?.trim().to_owned())
}

/// `1.95.0 (59807616e 2026-04-14)`
fn rustc() -> Option<String> {
    let done = Command::new(env::var_os("RUSTC")?).arg("--version").output().ok()?;
    Some(String::from_utf8(done.stdout).ok()?.trim().trim_start_matches("rustc ").to_owned())
}

/// `48.0.8`, of the lock, which is in every source archive.
fn wasmtime() -> Option<String> {
    let lock = fs::read_to_string("../../Cargo.lock").ok()?;
    let (_, entry) = lock.split_once("\nname = \"wasmtime\"\nversion = \"")?;
    Some(entry.split_once('"')?.0.to_owned())
}

/// `dropins:client-auth@0.2.0`
fn contract() -> Option<String> {
    let files = fs::read_dir("../../wit").ok()?.flatten();
    let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
    let package = |text: String| {
        let line = text.lines().find_map(|line| line.strip_prefix("package "))?;
        Some(line.trim_end_matches(';').to_owned())
    };
    texts.filter_map(package).next()
}
