//! One post of an assertion to a server that may be going down, and what the client knows afterwards.

use crate::server::{Server, credential};

/// The result of a post. Every other answer fails the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// A token.
    Token,
    /// Rejected as a replay.
    Replayed,
    /// The store timed out: the use may have been remembered, but there is no token.
    Unavailable,
    /// The connection was lost: a token may have been issued and lost with it.
    Unanswered,
}

impl Attempt {
    /// Whether the server said whether it accepted the assertion.
    pub(crate) fn is_decided(self) -> bool {
        matches!(self, Self::Token | Self::Replayed)
    }

    /// Posts the assertion. The home must put reasons into error answers.
    #[track_caller]
    pub(crate) fn at(server: &Server, assertion: &str) -> Self {
        let Ok(answer) = server.http().try_send(server.token_request(&credential(assertion))) else {
            return Self::Unanswered;
        };
        match answer.status {
            200 => {
                answer.token();
                Self::Token
            }
            503 => {
                answer.error(503, "temporarily_unavailable");
                Self::Unavailable
            }
            _ => {
                let description = answer.error(401, "invalid_client");
                assert!(description.starts_with("replayed: "), "{description}");
                Self::Replayed
            }
        }
    }
}
