//! Threads for work that no request waits for: compiling a component, hashing a secret.
//!
//! On Linux they have a low priority and short turns: a request that comes while such a thread runs waits for the end of
//! its turn, and the kernel's own turns last some 3 ms. Elsewhere nothing changes: a priority would hold for the process.

/// Makes the calling thread yield to requests, and every thread that it starts.
///
/// A kernel that refuses leaves the thread as it is; the work is then merely less polite.
pub fn yield_to_requests() {
    #[cfg(target_os = "linux")]
    linux::yield_to_requests();
}

#[cfg(target_os = "linux")]
mod linux {
    #![allow(unsafe_code, reason = "no library has this system call")]

    /// From 0 to 19. At 10, a tenth of the share of a thread that serves requests, if both want to run.
    const NICENESS: i32 = 10;
    /// How long a turn lasts, nanoseconds: the shortest that Linux 6.12 and later accept. Earlier ones ignore it.
    const TURN: u64 = 100_000;

    pub(super) fn yield_to_requests() {
        let before = rustix::process::getpriority_process(None).unwrap_or_default();
        let attributes = libc::sched_attr {
            size: u32::try_from(size_of::<libc::sched_attr>()).unwrap_or_default(),
            sched_policy: libc::SCHED_OTHER.cast_unsigned(),
            sched_flags: 0,
            // A process that has a lower priority keeps it.
            sched_nice: NICENESS.max(before),
            sched_priority: 0,
            sched_runtime: TURN,
            sched_deadline: 0,
            sched_period: 0,
        };
        // SAFETY: the kernel reads `size` bytes of a structure that lives until the call returns, and writes nothing;
        // thread 0 is the calling one. A refusal leaves everything as it is, so its result does not matter.
        unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn a_thread_that_yields_and_those_that_it_starts_have_a_low_priority() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let started = move || {
            super::yield_to_requests();
            [niceness(), std::thread::spawn(niceness).join().unwrap()]
        };
        let before = niceness();
        assert_eq!(std::thread::spawn(started).join().unwrap(), [before.max(10); 2]);
        assert_eq!(niceness(), before, "other threads stay as they are");
    }
}
