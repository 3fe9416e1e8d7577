//! What a plug-in may use, per call; every limit is on by default.
//!
//! A plug-in that reaches a limit fails its own request closed. Nothing here can be switched off, only sized.

use std::time::Duration;

/// Resource limits of plug-ins. Sizes in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of one component instance, all its memories together.
    pub memory: usize,
    /// WebAssembly stack of one call.
    pub stack: usize,
    /// Time that one call may compute; time spent in host services does not count.
    pub call_deadline: Duration,
    /// The same for the calls at load time, `describe` and `check-config`.
    pub load_deadline: Duration,
    /// Time that compiling one component may take.
    pub compile_deadline: Duration,
    /// Time that one request may take inside one plug-in, waiting included; longer than all services together may take
    /// for an honest plug-in. Beyond it the request is unavailable, and the plug-in is not blamed.
    pub call_wall_limit: Duration,
    /// Calls to the client directory, the key source and the replay store that one plug-in may make for one request.
    pub service_calls: usize,
    /// Calls to the host of any kind that one plug-in may make for one request.
    pub import_calls: usize,
    /// What one call of the host may copy out of the plug-in.
    pub host_copy: usize,
    /// Live resource handles of one instance.
    pub handles: usize,
    /// Size of a component's file.
    pub component_size: u64,
    /// Log lines of one call.
    pub log_lines: usize,
    /// Log bytes of one call, standard error included.
    pub log_bytes: usize,
    /// Requests that may compute in one plug-in at once; requests that wait for a service do not count. More get a 503.
    pub concurrent_calls: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            memory: 16 << 20,
            stack: 512 << 10,
            call_deadline: Duration::from_millis(100),
            load_deadline: Duration::from_millis(500),
            compile_deadline: Duration::from_secs(180),
            call_wall_limit: Duration::from_secs(10),
            service_calls: 32,
            import_calls: 256,
            host_copy: 64 << 10,
            handles: 1_000,
            component_size: 24 << 20,
            log_lines: 32,
            log_bytes: 8 << 10,
            concurrent_calls: 2 * cores * 64,
        }
    }
}
