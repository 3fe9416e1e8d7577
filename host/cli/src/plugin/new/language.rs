//! The languages, with the commands of their folders.

use clap::ValueEnum;

use super::name::Name;

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Rust, with the SDK in the folder.
    Rust,
    /// JavaScript, on the engine QuickJS.
    Javascript,
    /// Python, on CPython.
    Python,
}

impl Language {
    /// What must be installed.
    pub(super) fn needs(self) -> &'static str {
        match self {
            Self::Rust => "cargo and `rustup target add wasm32-wasip2`",
            Self::Javascript => "Node 20 or newer, with npm",
            Self::Python => "Python 3.10 or newer, with venv",
        }
    }

    /// Builds the component.
    pub(super) fn build(self) -> &'static str {
        match self {
            Self::Rust => "cargo build --release --target wasm32-wasip2",
            Self::Javascript => "npm ci && npm run build",
            Self::Python => "sh build.sh",
        }
    }

    /// Runs the tests, in Python after a build.
    pub(super) fn test(self) -> &'static str {
        match self {
            Self::Rust => "cargo test",
            Self::Javascript => "npm test",
            Self::Python => "sh test.sh",
        }
    }

    /// The built component, in the folder.
    pub(super) fn component(self, name: &Name) -> String {
        let file = format!("{}.wasm", name.snake());
        match self {
            Self::Rust => format!("target/wasm32-wasip2/release/{file}"),
            Self::Javascript | Self::Python => file,
        }
    }
}
