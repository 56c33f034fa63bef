//! Who tells more than others can take waits for them, for a while: a queue that is full costs its owner everything, so a large
//! transaction must not fill those of readers that are quick enough.
//!
//! Waiting is bounded, as one slow reader must not hold up the others: it ends as soon as queues do not get shorter, and who was
//! waited for in vain is not waited for again for some time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Between two looks at the queues.
const STEP: Duration = Duration::from_millis(2);

/// Longest time in which nothing moves.
const STILL: Duration = Duration::from_millis(50);

/// Longest wait.
const LONGEST: Duration = Duration::from_secs(1);

/// Who was waited for in vain is not waited for so long.
const PAUSE: Duration = Duration::from_secs(10);

/// A queue as seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// It is so full that whoever can wait should.
    pub is_pressed: bool,
    /// How much has left it since it was made, in any unit.
    pub progress: u64,
}

/// Something with a queue.
pub(crate) trait Queued: Send + Sync {
    fn backlog(&self) -> Backlog;
}

/// Waits for queues.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    /// Until when somebody is not waited for, by the address of its queue. One that is reused is waited for a little later.
    given_up: HashMap<usize, Instant>,
}

struct Watched {
    queue: Arc<dyn Queued>,
    progress: u64,
    moved: Instant,
}

impl Pacer {
    /// Waits until none of these is pressed.
    pub(crate) async fn pace(&mut self, pressed: Vec<Arc<dyn Queued>>) {
        let begun = Instant::now();
        self.given_up.retain(|_, until| *until > begun);
        let mut watched: Vec<Watched> = pressed
            .into_iter()
            .filter(|queue| !self.given_up.contains_key(&address(queue)))
            .map(|queue| Watched {
                progress: queue.backlog().progress,
                queue,
                moved: begun,
            })
            .collect();
        while !watched.is_empty() {
            sleep(STEP).await;
            let now = Instant::now();
            watched.retain_mut(|one| {
                let backlog = one.queue.backlog();
                if backlog.progress != one.progress {
                    (one.progress, one.moved) = (backlog.progress, now);
                }
                let is_hopeless = now - one.moved >= STILL || now - begun >= LONGEST;
                if backlog.is_pressed && is_hopeless {
                    self.given_up.insert(address(&one.queue), now + PAUSE);
                }
                backlog.is_pressed && !is_hopeless
            });
        }
    }
}

fn address(queue: &Arc<dyn Queued>) -> usize {
    Arc::as_ptr(queue).addr()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Has so much in it, of which some goes with every look.
    struct Tank {
        left: AtomicU64,
        gone: AtomicU64,
        step: u64,
    }

    impl Tank {
        fn new(left: u64, step: u64) -> Arc<Self> {
            Arc::new(Self {
                left: left.into(),
                gone: 0.into(),
                step,
            })
        }
    }

    impl Queued for Tank {
        fn backlog(&self) -> Backlog {
            let left = self.left.load(Ordering::Relaxed);
            let step = self.step.min(left);
            self.left.store(left - step, Ordering::Relaxed);
            Backlog {
                is_pressed: left > step,
                progress: self.gone.fetch_add(step, Ordering::Relaxed) + step,
            }
        }
    }

    async fn waited(pacer: &mut Pacer, tanks: &[&Arc<Tank>]) -> Duration {
        let begun = Instant::now();
        let queues = tanks.iter().map(|tank| Arc::clone(tank) as Arc<dyn Queued>);
        pacer.pace(queues.collect()).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn the_quick_are_waited_for_and_the_slow_not_for_long() {
        let mut pacer = Pacer::default();
        let (quick, stuck, slow) = (Tank::new(10, 1), Tank::new(10, 0), Tank::new(1_000_000, 1));
        let time = waited(&mut pacer, &[&quick]).await;
        assert!(time >= STEP * 8 && time <= STEP * 12, "{time:?}");
        let time = waited(&mut pacer, &[&stuck]).await;
        assert!(time >= STILL && time <= STILL * 2, "{time:?}");
        let time = waited(&mut pacer, &[&slow]).await;
        assert!(time >= LONGEST && time <= LONGEST * 2, "{time:?}");
        // Not again at once.
        assert_eq!(waited(&mut pacer, &[&stuck, &slow]).await, Duration::ZERO);
        tokio::time::advance(PAUSE).await;
        assert!(waited(&mut pacer, &[&stuck]).await >= STILL);
    }
}
