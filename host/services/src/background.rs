//! Threads for work that other requests must not wait for: compiling a component, hashing a secret.
//!
//! On Linux they have a low priority and short turns: a request that comes while such a thread runs waits for the end of
//! its turn. Left to itself, the kernel ends turns at its ticks, some of which are 4 ms apart; so a timer has the thread
//! offer its processor to others. Elsewhere nothing changes: a priority would hold for the process.

/// Makes the calling thread yield to requests, and every thread that it starts.
///
/// A kernel that refuses leaves the thread as it is; the work is then merely less polite.
pub fn yield_to_requests() {
    #[cfg(target_os = "linux")]
    linux::yield_to_requests();
}

/// Does long work in which there is no place to wait, and ends its turns by a timer.
pub fn in_turns<T>(work: impl FnOnce() -> T) -> T {
    #[cfg(target_os = "linux")]
    let _until_the_end = linux::TurnTimer::start();
    work()
}

#[cfg(target_os = "linux")]
mod linux {
    #![allow(unsafe_code, reason = "no library has these system calls")]

    use std::sync::OnceLock;

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

    /// How often the timer ends a turn, nanoseconds: a hash of 20 ms is interrupted a hundred times, which costs it 1 %.
    const INTERVAL: libc::c_long = 200_000;

    /// The signal of the timer, which nothing else in the process uses; `None` if it cannot be handled.
    fn signal() -> Option<libc::c_int> {
        static SIGNAL: OnceLock<Option<libc::c_int>> = OnceLock::new();

        /// Offers the processor to other threads; it calls nothing that is unsafe in a handler (signal-safety(7)).
        extern "C" fn offer(_: libc::c_int) {
            // SAFETY: it takes nothing and cannot fail on Linux; it leaves `errno` as it is.
            unsafe { libc::sched_yield() };
        }

        *SIGNAL.get_or_init(|| {
            let signal = libc::SIGRTMAX() - 1;
            // SAFETY: all zeroes is a value of this structure of integers, and an empty mask.
            let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
            action.sa_sigaction = offer as *const () as libc::sighandler_t;
            action.sa_flags = libc::SA_RESTART;
            // SAFETY: the structure lives until the call returns, and the handler as long as the process.
            let handled = unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
            (handled == 0).then_some(signal)
        })
    }

    /// A timer that interrupts the thread that started it; it ends when it is dropped.
    pub(super) struct TurnTimer(libc::timer_t);

    impl TurnTimer {
        /// `None` if the kernel refuses; the work is then merely less polite.
        pub(super) fn start() -> Option<Self> {
            // SAFETY: all zeroes is a value of this structure of integers and a pointer.
            let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = signal()?;
            // SAFETY: it takes nothing and cannot fail.
            event.sigev_notify_thread_id = unsafe { libc::gettid() };
            let mut timer = std::ptr::null_mut();
            // SAFETY: both pointers are to values that live until the call returns.
            let made = unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) };
            let timer = (made == 0).then_some(Self(timer))?;
            let interval = libc::timespec { tv_sec: 0, tv_nsec: INTERVAL };
            let every = libc::itimerspec { it_interval: interval, it_value: interval };
            // SAFETY: the timer exists, and the structure lives until the call returns.
            let started = unsafe { libc::timer_settime(timer.0, 0, &raw const every, std::ptr::null_mut()) };
            (started == 0).then_some(timer)
        }
    }

    impl Drop for TurnTimer {
        fn drop(&mut self) {
            // SAFETY: the timer was made by `timer_create`, and nothing else deletes it.
            unsafe { libc::timer_delete(self.0) };
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn work_in_turns_is_interrupted_until_it_ends() {
        use std::io::{ErrorKind, Read as _};
        use std::time::Duration;

        let (mut silent, _open) = std::os::unix::net::UnixStream::pair().unwrap();
        // A read with a time-out is not begun again after a signal (signal(7)).
        let mut read = |patience| {
            silent.set_read_timeout(Some(patience)).unwrap();
            silent.read(&mut [0]).unwrap_err().kind()
        };
        assert_eq!(super::in_turns(|| read(Duration::from_secs(60))), ErrorKind::Interrupted);
        assert_eq!(read(Duration::from_millis(20)), ErrorKind::WouldBlock);
    }

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
