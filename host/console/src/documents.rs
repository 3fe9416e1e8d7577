//! What the command line is answered.

use serde::{Deserialize, Serialize};

/// `POST /console/codes`: where the console is, and a code that signs in there once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CodeDocument {
    /// The address of the console.
    pub address: String,
    /// The code.
    pub code: String,
    /// How long it is valid, in seconds.
    pub expires_in: u64,
}
