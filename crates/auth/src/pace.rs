//! How long an answer takes must not tell who has an account.
//!
//! Where one kind of address makes more work than the other (a message is sent, a user is stored), the quick answers wait: as
//! long as one of the last slow ones took, drawn by lot. So both kinds have the same distribution, whatever a mail server
//! needs today, and nothing has to be guessed. A fixed pause would be too short for a slow mail server and too long for all
//! others; doing the work for nobody is not possible where the work is a message.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ferrobase_jwt::Random;

/// How many slow answers are remembered.
const REMEMBERED: usize = 64;
/// Longest wait: a mail server that hangs must not hold up those who get no mail.
const LONGEST: Duration = Duration::from_secs(3);

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
        // Until there is something to imitate: a statement or two more, and a password's hash.
        let (statements, hash) = (Duration::from_millis(4), Duration::from_millis(70));
        let pace = |first| Pace {
            recent: Mutex::new(Vec::new()),
            first,
            random,
        };
        Self {
            signup: pace(statements),
            recovery: pace(statements),
            resend: pace(statements),
            magic_link: pace(hash),
            sms: pace(hash),
        }
    }
}

/// The last slow answers of one endpoint.
#[derive(Debug)]
pub struct Pace {
    recent: Mutex<Vec<Duration>>,
    first: Duration,
    random: Random,
}

impl Pace {
    /// A slow answer is about to be given.
    pub fn record(&self, started: Instant) {
        let took = started.elapsed().min(LONGEST);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() < REMEMBERED {
            recent.push(took);
        } else {
            let place = self.lot(REMEMBERED);
            recent[place] = took;
        }
    }

    /// A quick answer waits until a slow one would be given. Hold no connection meanwhile.
    pub async fn imitate(&self, started: Instant) {
        let wanted = self.draw();
        tokio::time::sleep(wanted.saturating_sub(started.elapsed())).await;
    }

    fn draw(&self) -> Duration {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        match recent.len() {
            0 => self.first,
            len => recent[self.lot(len)],
        }
    }

    fn lot(&self, below: usize) -> usize {
        usize::from(u16::from_le_bytes(self.random.bytes())) % below
    }
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
        assert_eq!(pace.draw(), Duration::from_millis(4));
        pace.record(ago(200));
        for _ in 0..10 {
            assert!(pace.draw() >= Duration::from_millis(200));
        }
        // A bounded memory: after many others the first one is most likely gone, and nothing grows.
        for _ in 0..2000 {
            pace.record(ago(50));
        }
        let recent = pace.recent.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(recent.len(), REMEMBERED);
    }

    #[test]
    fn a_server_that_hangs_is_not_imitated() {
        let pace = pace();
        pace.record(ago(60_000));
        assert!(pace.draw() <= LONGEST);
    }

    #[tokio::test]
    async fn what_already_took_long_does_not_wait() {
        let pace = pace();
        pace.record(ago(1000));
        let started = ago(5000);
        tokio::time::timeout(Duration::from_millis(500), pace.imitate(started))
            .await
            .unwrap_or_else(|_| panic!("it waits"));
    }
}
