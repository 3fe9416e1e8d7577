//! From files to plug-ins that may be bound: `Candidate -> Validated`.

pub(crate) mod binding;
pub(crate) mod candidate;
pub(crate) mod compile_cost;
pub(crate) mod folder;
pub(crate) mod refusal;
