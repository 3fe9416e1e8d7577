//! The part of WASI that the C library asks for, defined here, so that a component imports the contract and nothing else.
//!
//! The linker prefers a definition to an import of the same name. A component has no environment, no terminal and no
//! streams: what is written is dropped, reading does not occur, and ending the process is a trap. A panic is reported
//! through the log (see `component.rs`).

#![allow(unsafe_code, reason = "the linker finds these functions by their names")]

/// Writes `none`, or an empty list, at the place of a result.
///
/// # Safety
/// `result` points to eight bytes.
unsafe fn nothing(result: *mut u64) {
    // SAFETY: the caller's promise; the C library aligns its results to four bytes.
    unsafe { result.write_unaligned(0) }
}

/// Functions that return nothing into the memory at their only argument.
macro_rules! empty {
    ($($name:ident)*) => {$(
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(result: *mut u64) {
            // SAFETY: the C library passes the place of its result.
            unsafe { nothing(result) }
        }
    )*};
}

/// Functions that release a handle; there are none to release.
macro_rules! release {
    ($($name:ident)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name(_handle: u32) {}
    )*};
}

/// Functions that return a handle; it is accepted wherever a handle is.
macro_rules! handle {
    ($($name:ident)*) => {$(
        #[unsafe(no_mangle)]
        extern "C" fn $name() -> u32 {
            1
        }
    )*};
}

empty! {
    __wasm_import_environment_get_environment
    __wasm_import_terminal_stdin_get_terminal_stdin
    __wasm_import_terminal_stdout_get_terminal_stdout
    __wasm_import_terminal_stderr_get_terminal_stderr
}

release! {
    __wasm_import_io_error_error_drop
    __wasm_import_poll_method_pollable_block
    __wasm_import_poll_pollable_drop
    __wasm_import_streams_input_stream_drop
    __wasm_import_streams_output_stream_drop
    __wasm_import_terminal_input_terminal_input_drop
    __wasm_import_terminal_output_terminal_output_drop
}

handle! {
    __wasm_import_stderr_get_stderr
    __wasm_import_stdin_get_stdin
    __wasm_import_stdout_get_stdout
}

#[unsafe(no_mangle)]
extern "C" fn __wasm_import_exit_exit(_status: u32) -> ! {
    core::arch::wasm32::unreachable()
}

#[unsafe(no_mangle)]
extern "C" fn __wasm_import_streams_method_output_stream_subscribe(_stream: u32) -> u32 {
    1
}

/// As much as the caller wants may be written: `ok(4096)`.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wasm_import_streams_method_output_stream_check_write(_stream: u32, result: *mut u64) {
    // SAFETY: the C library passes sixteen bytes, the case and then the number.
    unsafe {
        result.write_unaligned(0);
        result.add(1).write_unaligned(4096);
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wasm_import_streams_method_output_stream_write(
    _stream: u32,
    _text: *const u8,
    _length: usize,
    result: *mut u64,
) {
    // SAFETY: the C library passes the place of its result.
    unsafe { nothing(result) }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wasm_import_streams_method_output_stream_blocking_flush(_stream: u32, result: *mut u64) {
    // SAFETY: the C library passes the place of its result.
    unsafe { nothing(result) }
}
