//! How long an answer takes must not tell who has an account.
//!
//! Where one kind of address makes more work than the other (a message is sent, a user is stored), the quick answers wait: as
//! long as one of the last slow ones took, drawn by lot. So both kinds have the same distribution, whatever a mail server
//! needs today, and nothing has to be guessed. A fixed pause would be too short for a slow mail server and too long for all
//! others; doing the work for nobody is not possible where the work is a message.
//!
//! Waiting itself leaves a trace: a timer is late by its own amount, work by another. So both kinds leave on a grid of
//! [`GRID`], counted from where their ways part.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ferrobase_jwt::Random;

/// How many slow answers are remembered.
const REMEMBERED: usize = 64;
/// Longest wait: a mail server that hangs must not hold up those who get no mail.
const LONGEST: Duration = Duration::from_secs(3);
/// Answers leave at multiples of this.
const GRID: Duration = Duration::from_millis(4);
/// How late the runtime's timer may be. It counts whole milliseconds and tells by its lateness when it was set; so the last
/// of a wait is left to the system's timer, on a thread for blocking work.
const TIMER_ERROR: Duration = Duration::from_millis(3);

/// One for each endpoint where the kinds differ.
#[derive(Debug)]
pub struct Paces {
    /// Signing up: a new user is slow, a known one quick.
    pub signup: Pace,
    /// Recovery: a known user is slow.
    pub recovery: Pace,
    /// Sending again: who waits for a confirmation is slow.
    pub resend: Pace,
    /// Links to sign in with: a new user is slow.
    pub magic_link: Pace,
    /// The same by SMS.
    pub sms: Pace,
}

impl Paces {
    /// Remembers nothing yet.
    pub fn new(random: Random) -> Self {
        let pace = || Pace {
            recent: Mutex::new(Vec::new()),
            random,
        };
        Self {
            signup: pace(),
            recovery: pace(),
            resend: pace(),
            magic_link: pace(),
            sms: pace(),
        }
    }
}

/// The last slow answers of one endpoint.
#[derive(Debug)]
pub struct Pace {
    recent: Mutex<Vec<Duration>>,
    random: Random,
}

impl Pace {
    /// A slow answer is about to be given: remembers how long it took, and waits for the grid. Hold no connection meanwhile.
    pub async fn record(&self, started: Instant) {
        self.remember(started.elapsed().min(LONGEST));
        to_grid(started).await;
    }

    /// A quick answer waits until a slow one would be given. Hold no connection meanwhile.
    pub async fn imitate(&self, started: Instant) {
        leave(started, self.draw()).await;
    }

    fn remember(&self, took: Duration) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() < REMEMBERED {
            recent.push(took);
        } else {
            let place = self.lot(REMEMBERED);
            recent[place] = took;
        }
    }

    fn draw(&self) -> Duration {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        match recent.len() {
            // Until there is something to imitate: a statement or two.
            0 => GRID,
            len => recent[self.lot(len)],
        }
    }

    fn lot(&self, below: usize) -> usize {
        usize::from(u16::from_le_bytes(self.random.bytes())) % below
    }
}

/// Waits for the next point of the grid that begins at `started`. For answers of two kinds that make the same work but for
/// less than a millisecond.
pub async fn to_grid(started: Instant) {
    leave(started, Duration::ZERO).await;
}

/// Waits for the first point of the grid that is neither past nor before `wanted`.
async fn leave(started: Instant, wanted: Duration) {
    let at = started + grid_point(wanted.max(started.elapsed()));
    if let Some(early) = at
        .checked_sub(TIMER_ERROR)
        .filter(|early| *early > Instant::now())
    {
        tokio::time::sleep_until(early.into()).await;
    }
    let rest = move || std::thread::sleep(at.saturating_duration_since(Instant::now()));
    // It fails only when the runtime ends, and nobody waits for an answer any more.
    let _ = tokio::task::spawn_blocking(rest).await;
}

fn grid_point(after: Duration) -> Duration {
    let points = after.as_nanos().div_ceil(GRID.as_nanos());
    GRID * u32::try_from(points).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace() -> Pace {
        Paces::new(Random).recovery
    }

    fn ago(milliseconds: u64) -> Instant {
        Instant::now()
            .checked_sub(Duration::from_millis(milliseconds))
            .unwrap_or_else(Instant::now)
    }

    #[test]
    fn quick_answers_draw_from_the_slow_ones() {
        let pace = pace();
        assert_eq!(pace.draw(), GRID);
        pace.remember(Duration::from_millis(200));
        for _ in 0..10 {
            assert_eq!(pace.draw(), Duration::from_millis(200));
        }
        // A bounded memory: after many others the first one is most likely gone, and nothing grows.
        for _ in 0..2000 {
            pace.remember(Duration::from_millis(50));
        }
        let recent = pace.recent.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(recent.len(), REMEMBERED);
    }

    #[test]
    fn points_of_the_grid() {
        let point = |micros| grid_point(Duration::from_micros(micros)).as_micros();
        assert_eq!([0, 1, 4000, 4001, 7999].map(point), [0, 4000, 4000, 8000, 8000]);
    }

    #[tokio::test]
    async fn a_server_that_hangs_is_not_imitated() {
        let pace = pace();
        pace.record(ago(60_000)).await;
        assert!(pace.draw() <= LONGEST);
    }

    #[tokio::test]
    async fn both_kinds_leave_on_the_grid_and_never_before_it() {
        let pace = pace();
        for wait in [0, 1, 5] {
            let started = ago(wait);
            pace.record(started).await;
            assert!(started.elapsed() >= grid_point(Duration::from_millis(wait)));
        }
        let started = Instant::now();
        pace.imitate(started).await;
        assert!(started.elapsed() >= GRID);
    }

    #[tokio::test]
    async fn what_already_took_long_does_not_wait() {
        let pace = pace();
        pace.remember(Duration::from_millis(1000));
        let started = ago(5000);
        tokio::time::timeout(Duration::from_millis(500), pace.imitate(started))
            .await
            .unwrap_or_else(|_| panic!("it waits"));
    }
}
