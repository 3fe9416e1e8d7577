//! The part of WASI that a component may import: what the Rust standard library asks for.
//!
//! Nothing in it reaches the outside: no files, sockets, arguments, variables or randomness.

/// The granted interfaces, without their version; `*` stands for every interface of the package.
const GRANTED: [&str; 14] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/*",
    "wasi:random/insecure-seed",
];

/// Whether this interface is granted in this version.
pub(crate) fn grants(name: &str, version: &str) -> bool {
    let named = GRANTED.iter().any(|granted| match granted.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == *granted,
    });
    named && version.starts_with("0.2.")
}
