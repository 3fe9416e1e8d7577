//! Programs that run to their end: `dropins` itself and the tools of other people.
//!
//! A program that does not end within the deadline is killed and fails the test; standard input is always empty.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

/// Generous: installing a client from a registry is the slowest.
const DEADLINE: Duration = Duration::from_secs(300);

/// The program under test.
pub(crate) const DROPINS: &str = env!("CARGO_BIN_EXE_dropins");

/// The result of a program.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `dropins` with these arguments.
pub(crate) fn dropins(arguments: &[&str]) -> Finished {
    run(command(DROPINS).args(arguments))
}

/// A command that sees neither a proxy nor settings of ours in its environment.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env("NO_PROXY", "*").env("no_proxy", "*").env("NO_COLOR", "1").env("COLUMNS", "100");
    for variable in ["DROPINS_HOME", "DROPINS_LOG"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Finished {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let pid = child.id();
    let (sender, finished) = mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = finished.recv_timeout(DEADLINE) else {
        signal(pid, "KILL");
        panic!("{command:?} does not end");
    };
    let output = output.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Finished { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Sends a signal to a process of ours.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).stderr(Stdio::null()).status();
    sent.expect("a shell sends signals");
}

/// Resident memory of a process, in KiB.
pub(crate) fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

impl Finished {
    /// The program succeeded.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "it failed\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// The program failed with a text on standard error that has all of these parts.
    #[track_caller]
    pub(crate) fn failed(self, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(1), "{self:?}");
        for part in parts {
            assert!(self.stderr.contains(part), "`{part}` is missing in\n{}", self.stderr);
        }
        self
    }

    /// Standard output without the last line end.
    pub(crate) fn line(&self) -> String {
        self.stdout.trim_end().to_owned()
    }

    /// Standard output, read as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self:?}"))
    }
}

/// Whether all of these tools are installed; says so when they are not.
pub(crate) fn installed(tools: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let missing = tools.iter().find(|tool| !folders.iter().any(|folder| folder.join(tool).is_file()));
    if let Some(tool) = missing {
        skip(&format!("{tool} is not installed"));
    }
    missing.is_none()
}

/// Skips the test that runs, visibly; fails it where everything is required.
pub(crate) fn skip(reason: &str) {
    assert!(std::env::var("DROPINS_REQUIRE_ALL").as_deref() != Ok("1"), "required: {reason}");
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    // Not `eprintln!`, which the test runner keeps to itself.
    let _ = writeln!(std::io::stderr(), "skipped {test}: {reason}");
}

/// Makes a folder of tests/clients in the target folder and names it; skips when that fails.
pub(crate) fn install_client(language: &str) -> Option<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ci/clients");
    let target = Path::new(DROPINS).ancestors().nth(2).expect("the program is in a target folder").join("clients");
    let installed = run(Command::new("bash").arg(script).arg(language).arg(&target));
    if installed.code != Some(0) {
        skip(&format!("tests/clients/{language} cannot be made: {}", installed.stderr.trim()));
        return None;
    }
    Some(target.join(language))
}
