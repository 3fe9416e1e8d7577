//! The `dropins` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    dropins_server::cli::main()
}
