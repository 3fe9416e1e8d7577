//! What `dropins --version` says besides the version: what the program was built of.
//!
//! The digests of the components take a look at a megabyte, so they are computed only when they are asked for.

use std::sync::LazyLock;

use dropins_host::Digest;

/// The facts of the build, one a line; the digests only if `--version` is among the arguments.
pub(crate) fn long() -> &'static str {
    static LONG: LazyLock<String> = LazyLock::new(|| {
        let facts = [
            ("commit", env!("DROPINS_COMMIT")),
            ("rustc", env!("DROPINS_RUSTC")),
            ("wasmtime", env!("DROPINS_WASMTIME")),
            ("contract with plug-ins", env!("DROPINS_CONTRACT")),
        ];
        let facts = facts.map(|(name, value)| format!("{name} {value}\n")).concat();
        let digest = |(file, bytes): &(&str, &[u8])| format!("\n{file} {}", Digest::of(bytes));
        let digests: String = dropins_components::ALL.iter().map(digest).collect();
        format!("{}\n{facts}components{digests}", env!("CARGO_PKG_VERSION"))
    });
    let is_asked_for = std::env::args_os().skip(1).any(|argument| argument == "--version");
    if is_asked_for { &LONG } else { env!("CARGO_PKG_VERSION") }
}
