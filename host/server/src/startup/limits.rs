//! The limits of plug-ins as the host takes them.

use dropins_host::Limits;

use crate::config::Deployment;

/// What the configuration says; the host's own default where it says nothing.
pub(crate) fn limits(deployment: &Deployment) -> Limits {
    let configured = &deployment.limits;
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    Limits {
        memory: size(configured.memory),
        stack: size(configured.stack),
        call_deadline: configured.call_deadline,
        load_deadline: configured.config_deadline,
        call_wall_limit: configured.call_wall_limit,
        service_calls: count(configured.service_calls),
        host_copy: size(configured.host_copy),
        handles: count(configured.handles),
        component_size: configured.component_size,
        log_lines: count(configured.log_lines),
        log_bytes: size(configured.log_bytes),
        concurrent_calls: configured.concurrent_calls.map_or(Limits::default().concurrent_calls, count),
    }
}
