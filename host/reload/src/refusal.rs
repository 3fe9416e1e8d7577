//! Why a candidate is refused: on one line for the log, in full for the operator who asks.

use dropins_config::LoadError;
use dropins_host::Panicked;

use dropins_live::{BuildError, ResourceError};

/// Why a candidate is refused.
pub(super) struct CandidateRefusal {
    pub(super) summary: String,
    pub(super) reason: String,
    /// Whether the same contents may be good another time.
    pub(super) is_transient: bool,
}

/// A phase that rejects a candidate says the same three things.
macro_rules! refusal_from {
    ($($error:ty),*) => {$(
        impl From<$error> for CandidateRefusal {
            fn from(error: $error) -> Self {
                Self { summary: error.summary(), reason: error.to_string(), is_transient: error.is_transient() }
            }
        }
    )*};
}

refusal_from!(LoadError, ResourceError, BuildError);

impl CandidateRefusal {
    pub(super) fn mistake(error: &dyn std::error::Error) -> Self {
        let text = format!("the candidate could not be judged, which is a mistake in this program: {error}");
        Self { summary: text.clone(), reason: text, is_transient: false }
    }
}

impl From<Panicked> for CandidateRefusal {
    fn from(panicked: Panicked) -> Self {
        Self::mistake(&panicked)
    }
}
