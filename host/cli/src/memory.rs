//! The allocator, and when it returns memory to the system.
//!
//! It is faster than that of the C library with many small allocations. What is freed it keeps for a second, because a
//! request needs it again, and returns it with a later allocation. After the start none might come for long.
//! Libraries in C use that of the C library: in its place, ours hangs where a preloaded library reads the clock for it.

use std::ffi::c_long;

use libmimalloc_sys::{mi_option_get, mi_option_set, mi_option_t};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// `mi_option_purge_delay` of mimalloc.h, in milliseconds; the crate has no name for it.
const PURGE_DELAY: mi_option_t = 15;

/// While it lives, what is freed is returned at once.
pub(crate) struct ReturnedAtOnce {
    /// The delay before and after.
    usual: c_long,
}

impl ReturnedAtOnce {
    pub(crate) fn begin() -> Self {
        let usual = delay();
        set_delay(0);
        Self { usual }
    }
}

impl Drop for ReturnedAtOnce {
    fn drop(&mut self) {
        set_delay(self.usual);
    }
}

/// Has the C library return a buffer of 256 KiB, such as the one that unpacks compiled code, to the system when it is
/// freed; by default it keeps the second one of a size that it has seen. To be called before there are threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "only the C library has this function")]
pub(crate) fn map_large_buffers_of_c() {
    // SAFETY: it takes two numbers, and no other thread allocates.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 256 << 10);
    }
}

/// Other C libraries have no such function.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn map_large_buffers_of_c() {}

#[allow(unsafe_code, reason = "the crate of the allocator offers this function only as that of the library in C")]
fn delay() -> c_long {
    // SAFETY: the option exists; its value is a word that is read.
    unsafe { mi_option_get(PURGE_DELAY) }
}

#[allow(unsafe_code, reason = "the crate of the allocator offers this function only as that of the library in C")]
fn set_delay(milliseconds: c_long) {
    // SAFETY: the option exists; its value is a word, and a thread that reads it meanwhile takes either for its delay.
    unsafe { mi_option_set(PURGE_DELAY, milliseconds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_is_a_second_but_while_memory_is_returned_at_once() {
        assert_eq!(delay(), 1000, "the option with this number is the delay");
        let returned = ReturnedAtOnce::begin();
        assert_eq!(delay(), 0);
        drop(returned);
        assert_eq!(delay(), 1000);
    }
}
