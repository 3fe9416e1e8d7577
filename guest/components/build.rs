//! Builds the authenticator components with a nested cargo and hands their paths to `src/lib.rs`.
//!
//! The nested build has a target folder of its own (a shared one would dead-lock on cargo's lock) and an
//! environment of its own: a stray RUSTFLAGS or a clippy wrapper must not change the bytes that ship.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const TARGET: &str = "wasm32-wasip2";

/// Four times faster verification inside the component, for hosts that enable the proposal (ours does); and a stack of
/// 256 KiB, not one of 1 MiB: after each request the host looks for written pages in all of the memory.
const GUEST_RUSTFLAGS: &str = "-Ctarget-feature=+wide-arithmetic,+simd128 -Clink-arg=-zstack-size=262144";

/// Package, artifact, and the variable that `src/lib.rs` includes.
const COMPONENTS: [(&str, &str, &str); 3] = [
    ("private-key-jwt-authenticator", "private_key_jwt_authenticator.wasm", "PRIVATE_KEY_JWT_WASM"),
    ("client-secret-authenticator", "client_secret_authenticator.wasm", "CLIENT_SECRET_WASM"),
    ("federated-jwt-authenticator", "federated_jwt_authenticator.wasm", "FEDERATED_JWT_WASM"),
];

/// An example, for tests: what its package needs for tests of its own takes a while to compile.
const PANICKING: (&str, &str, &str) = ("dropins-plugin", "examples/panicking.wasm", "PANICKING_WASM");

/// What of our environment the nested cargo may see: where the tools are and how the registry is reached.
const KEPT: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "TMPDIR",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_DIST_SERVER",
    "CARGO_MAKEFLAGS",
    "MAKEFLAGS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SystemRoot",
    "CARGO_TERM_COLOR",
];
const KEPT_PREFIXES: [&str; 4] = ["CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_"];

fn main() {
    if let Err(message) = build() {
        println!("cargo::error={message}");
    }
}

fn build() -> Result<(), String> {
    let manifest_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let workspace = manifest_dir.ancestors().nth(2).ok_or("guest/components is not inside the workspace")?;
    for watched in [
        "guest/src",
        "guest/Cargo.toml",
        "guest/client-secret",
        "guest/federated",
        "guest/sdk",
        "guest/strict-json",
        "wit",
        "Cargo.toml",
        "Cargo.lock",
    ] {
        println!("cargo::rerun-if-changed={}", workspace.join(watched).display());
    }
    ensure_target()?;
    let target_dir = target_dir()?;
    let mut cargo = nested(&variable("CARGO")?);
    cargo.current_dir(workspace).env("RUSTFLAGS", GUEST_RUSTFLAGS);
    cargo
        .args(["build", "--locked", "--lib", "--profile", "guest", "--target", TARGET, "--target-dir"])
        .arg(&target_dir);
    let mut components = COMPONENTS.to_vec();
    if env::var_os("CARGO_FEATURE_PANICKING").is_some() {
        cargo.args(["--example", "panicking"]);
        components.push(PANICKING);
    }
    for (package, _, _) in &components {
        cargo.args(["--package", package]);
    }
    run(&mut cargo).map_err(|output| format!("the components do not build: {output}"))?;
    for (_, artifact, name) in components {
        let built = target_dir.join(TARGET).join("guest").join(artifact);
        // A copy of our own: another build may replace the shared one while the compiler reads ours.
        let embedded = Path::new(&variable("OUT_DIR")?).join(artifact.trim_start_matches("examples/"));
        fs::copy(&built, &embedded).map_err(|error| format!("{} cannot be copied: {error}", built.display()))?;
        println!("cargo::rustc-env={name}={}", embedded.display());
    }
    Ok(())
}

/// Adds the wasm target through rustup when the compiler lacks it.
fn ensure_target() -> Result<(), String> {
    let sysroot = Command::new(variable("RUSTC")?)
        .args(["--print", "sysroot"])
        .output()
        .map_err(|error| format!("rustc does not run: {error}"))?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    if sysroot.join("lib/rustlib").join(TARGET).is_dir() {
        return Ok(());
    }
    run(nested("rustup").args(["target", "add", TARGET]))
        .map_err(|output| format!("the compiler lacks {TARGET}; run `rustup target add {TARGET}` ({output})"))
}

/// One folder for all profiles, beside theirs: `OUT_DIR` is `target/<profile>/build/<package>/out`.
fn target_dir() -> Result<PathBuf, String> {
    let out_dir = PathBuf::from(variable("OUT_DIR")?);
    let target = out_dir.ancestors().nth(4).ok_or("OUT_DIR is not inside a target folder")?;
    Ok(target.join("components"))
}

fn nested(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for (name, value) in env::vars_os() {
        let kept = name
            .to_str()
            .is_some_and(|name| KEPT.contains(&name) || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix)));
        if kept {
            command.env(name, value);
        }
    }
    command
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    // `cargo::error` shows one line; the compiler's own words are more than that.
    Err(String::from_utf8_lossy(&output.stderr).trim().replace('\n', " | "))
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo did not set {name}"))
}
