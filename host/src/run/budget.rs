//! What a plug-in may spend on one request: computing time, calls to the host and to services, and wall time.
//!
//! Computing is charged at every tick of the epoch, at the entry of every import and when a call returns: code that is
//! linked by hand may have no epoch check between its calls. After a tick the plug-in yields its thread to other
//! requests. Waiting for a service costs no computing; the number of calls and the wall time of the request bound it.

use std::time::{Duration, Instant};

use wasmtime::UpdateDeadline;

use dropins_services::Limits;

use crate::run::epoch::TICK;

/// The most that one tick is charged. A running plug-in is charged at every tick; if more time has passed, the machine
/// was busy elsewhere.
const MAX_CHARGE: Duration = TICK.saturating_mul(2);

/// Later than any request ends.
const FAR_FUTURE: Duration = Duration::from_secs(10 * 365 * 86_400);

/// What is left of a request's budget.
pub(crate) struct Budget {
    /// Computing time of the running call.
    left: Duration,
    /// When computing was charged last.
    since: Instant,
    /// Time in host services since then.
    in_host: Duration,
    /// Whether the plug-in has yielded and has not been seen to run since.
    yielded: bool,
    calls: usize,
    service_calls: usize,
    ends: tokio::time::Instant,
    /// The service that has not answered yet.
    pub(crate) waits_for: Option<&'static str>,
}

/// Which part of the budget is spent: the call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Spent {
    #[error("it has computed for too long")]
    Computing,
    #[error("it has called the host too often")]
    Calls,
    #[error("it has asked services too often")]
    ServiceCalls,
    #[error("the request has taken too long")]
    Time,
}

impl Budget {
    /// The budget of a request that begins now.
    pub(crate) fn new(limits: &Limits) -> Self {
        let now = tokio::time::Instant::now();
        Self {
            left: Duration::ZERO,
            since: Instant::now(),
            in_host: Duration::ZERO,
            yielded: false,
            calls: limits.import_calls,
            service_calls: limits.service_calls,
            ends: now.checked_add(limits.call_wall_limit).unwrap_or_else(|| now + FAR_FUTURE),
            waits_for: None,
        }
    }

    /// Starts the next call of the request with this computing time; returns when the request must have ended.
    pub(crate) fn start(&mut self, deadline: Duration) -> tokio::time::Instant {
        self.left = deadline;
        self.restart(Instant::now());
        self.ends
    }

    /// Restarts the timer; nothing is charged.
    fn restart(&mut self, now: Instant) {
        (self.since, self.in_host, self.yielded) = (now, Duration::ZERO, false);
    }

    /// Charges the time since the last tick and yields the thread.
    ///
    /// After a yield the epoch deadline is set to zero ticks, so it fires as soon as the plug-in resumes. That first
    /// callback charges nothing and restarts the timer: the plug-in does not pay for others' use of the thread.
    ///
    /// It yields to tokio: a future that only wakes itself would be polled again before the runtime looks for new
    /// requests.
    pub(crate) fn on_tick(&mut self) -> Result<UpdateDeadline, Spent> {
        if self.yielded {
            self.restart(Instant::now());
            return Ok(UpdateDeadline::Continue(1));
        }
        self.charge()?;
        self.yielded = true;
        Ok(UpdateDeadline::YieldCustom(0, Box::pin(tokio::task::yield_now())))
    }

    /// Charges the time since the last charge; after a yield none, because others had the thread.
    pub(crate) fn charge(&mut self) -> Result<(), Spent> {
        self.charge_at(Instant::now())
    }

    fn charge_at(&mut self, now: Instant) -> Result<(), Spent> {
        if !self.yielded {
            let computed = now.duration_since(self.since).saturating_sub(self.in_host).min(MAX_CHARGE);
            self.left = self.left.saturating_sub(computed);
        }
        self.restart(now);
        if self.left.is_zero() { Err(Spent::Computing) } else { Ok(()) }
    }

    /// Meters a call of the plug-in to the host, at its entry.
    pub(crate) fn enter(&mut self) -> Result<(), Spent> {
        self.enter_at(Instant::now())
    }

    fn enter_at(&mut self, now: Instant) -> Result<(), Spent> {
        self.calls = self.calls.checked_sub(1).ok_or(Spent::Calls)?;
        self.charge_at(now)
    }

    /// Meters a call that cannot fail; it ends the request at the next charge.
    pub(crate) fn note_entry(&mut self) {
        if self.enter().is_err() {
            self.left = Duration::ZERO;
        }
    }

    /// A call to this service begins.
    pub(crate) fn ask(&mut self, service: &'static str) -> Result<Instant, Spent> {
        let now = Instant::now();
        self.enter_at(now)?;
        self.service_calls = self.service_calls.checked_sub(1).ok_or(Spent::ServiceCalls)?;
        self.waits_for = Some(service);
        Ok(now)
    }

    /// The service has answered the call that began then.
    pub(crate) fn answered(&mut self, began: Instant) {
        self.waits_for = None;
        self.in_host += began.elapsed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Budget {
        let mut budget = Budget::new(&Limits::default());
        budget.start(Duration::from_secs(1));
        budget
    }

    /// Charges a tick after this time, so much of it in the host; tells what is left of a second.
    fn left_after(elapsed: Duration, in_host: Duration) -> Duration {
        let mut budget = budget();
        budget.since = Instant::now().checked_sub(elapsed).unwrap();
        budget.in_host = in_host;
        assert!(matches!(budget.on_tick(), Ok(UpdateDeadline::YieldCustom(0, _))));
        budget.left
    }

    #[test]
    fn computing_is_charged() {
        assert!(left_after(TICK, Duration::ZERO) <= Duration::from_millis(990));
    }

    #[test]
    fn time_in_host_services_and_time_without_a_processor_are_not() {
        assert!(left_after(Duration::from_secs(3), Duration::from_secs(3)) > Duration::from_millis(970));
        assert_eq!(left_after(Duration::from_secs(3), Duration::ZERO), Duration::from_millis(980));
    }

    #[test]
    fn time_in_which_others_had_the_thread_is_not() {
        let mut budget = budget();
        for _ in 0..1_000 {
            assert!(matches!(budget.on_tick(), Ok(UpdateDeadline::YieldCustom(0, _))));
            let left = budget.left;
            budget.since = budget.since.checked_sub(Duration::from_secs(3)).unwrap();
            assert!(matches!(budget.on_tick(), Ok(UpdateDeadline::Continue(1))), "it runs again");
            assert_eq!(budget.left, left);
        }
    }

    #[test]
    fn an_exhausted_budget_ends_the_call() {
        let mut budget = budget();
        budget.start(Duration::from_nanos(1));
        std::thread::yield_now();
        assert!(matches!(budget.on_tick(), Err(Spent::Computing)));
    }

    #[test]
    fn every_call_to_the_host_is_charged_and_counted() {
        let mut budget = Budget::new(&Limits { import_calls: 3, ..Limits::default() });
        budget.start(Duration::from_millis(25));
        budget.since = Instant::now().checked_sub(Duration::from_secs(3)).unwrap();
        assert_eq!(budget.enter(), Ok(()), "at most two ticks at once");
        assert!(budget.left <= Duration::from_millis(5));
        budget.since = Instant::now().checked_sub(TICK).unwrap();
        assert_eq!(budget.enter(), Err(Spent::Computing));
        budget.start(Duration::from_secs(1));
        assert_eq!((budget.enter(), budget.enter()), (Ok(()), Err(Spent::Calls)));
    }

    #[test]
    fn services_are_asked_so_often_and_no_more_however_many_calls_there_are() {
        let mut budget = Budget::new(&Limits { service_calls: 2, ..Limits::default() });
        for _ in 0..2 {
            budget.start(Duration::from_secs(1));
            let began = budget.ask("key source").unwrap();
            assert_eq!(budget.waits_for, Some("key source"));
            budget.answered(began);
        }
        assert_eq!((budget.ask("key source"), budget.waits_for), (Err(Spent::ServiceCalls), None));
    }

    #[tokio::test(start_paused = true)]
    async fn every_call_of_a_request_must_have_ended_at_the_same_time_and_a_limit_may_be_absurd() {
        let (mut budget, began) = (budget(), tokio::time::Instant::now());
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(budget.start(Duration::from_secs(1)), began + Limits::default().call_wall_limit);
        let endless = Limits { call_wall_limit: Duration::MAX, ..Limits::default() };
        assert!(Budget::new(&endless).ends > began + Duration::from_secs(86_400));
    }
}
