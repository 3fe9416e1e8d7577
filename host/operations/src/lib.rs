//! What an operator does with a home: the code below the command line and below the console.
//!
//! Each function takes the parts of a home that it works on, so that a tool opens them from the folder and a running
//! server hands over its own. Nothing here asks, prints or reloads: the caller does.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

pub mod assertions;
pub mod clients;
pub mod decisions;
pub mod keystores;
pub mod plugins;
pub mod shown;
