//! The file descriptors of this process: each connection needs one.

/// Raises the limit as far as this user may (systemd and shells leave it at 1 024); returns how many there may be.
#[cfg(unix)]
pub fn raise() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files cannot be raised");
            current
        }
    };
    raised.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

/// There is no limit to raise.
#[cfg(not(unix))]
pub fn raise() -> usize {
    usize::MAX
}
