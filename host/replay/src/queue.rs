//! The bounded queue to the writer, which is woken apart from what is added.
//!
//! So callers that come together wake the writer once and share its transaction. A closed queue takes nothing more; what
//! it holds is still taken.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// The queue.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    woken: Notify,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

/// Why nothing was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejected {
    Full,
    Closed,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State { waiting: VecDeque::new(), closed: false }), woken: Notify::new() }
    }

    /// Adds this where fewer than `capacity` wait. The writer sleeps on.
    pub(crate) fn add(&self, added: T, capacity: usize) -> Result<(), Rejected> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(Rejected::Closed);
        }
        if state.waiting.len() >= capacity {
            return Err(Rejected::Full);
        }
        state.waiting.push_back(added);
        Ok(())
    }

    /// Wakes the writer, if there is something for it.
    pub(crate) fn wake(&self) {
        let state = self.state.lock();
        if state.closed || !state.waiting.is_empty() {
            self.woken.notify_one();
        }
    }

    /// Takes what waits, up to a maximum, as soon as there is something; nothing once the queue is closed and empty.
    pub(crate) async fn take(&self, most: usize) -> Vec<T> {
        loop {
            {
                let mut state = self.state.lock();
                let count = state.waiting.len().min(most);
                if count > 0 || state.closed {
                    return state.waiting.drain(..count).collect();
                }
            }
            self.woken.notified().await;
        }
    }

    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.wake();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    pub(crate) fn depth(&self) -> usize {
        self.state.lock().waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    #[test]
    fn what_is_added_is_taken_in_order_when_the_writer_is_woken() {
        let queue = Queue::new();
        let mut taken = Box::pin(queue.take(2));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert_eq!(taken.as_mut().poll(&mut context), Poll::Pending);
        (1..=3).for_each(|number| queue.add(number, 3).unwrap());
        assert_eq!(queue.add(4, 3), Err(Rejected::Full));
        assert_eq!(taken.as_mut().poll(&mut context), Poll::Pending, "it sleeps");
        queue.wake();
        assert_eq!(taken.as_mut().poll(&mut context), Poll::Ready(vec![1, 2]));
        assert_eq!((queue.depth(), pollster::block_on(queue.take(2))), (1, vec![3]));
    }

    #[test]
    fn a_closed_queue_takes_nothing_more_and_is_emptied() {
        let queue = Queue::new();
        queue.add(1, 9).unwrap();
        queue.close();
        assert_eq!((queue.add(2, 9), queue.is_closed()), (Err(Rejected::Closed), true));
        assert_eq!((pollster::block_on(queue.take(9)), pollster::block_on(queue.take(9))), (vec![1], vec![]));
    }
}
