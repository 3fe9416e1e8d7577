//! Shadows: candidates that are compared with the live plug-in on live requests, without effect.

pub(crate) mod difference;
pub(crate) mod error;
pub(crate) mod runner;
mod simulation;
pub(crate) mod tally;
