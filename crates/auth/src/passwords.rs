//! Password hashing on threads of its own: a hash takes some 50 ms of computing, which the runtime's threads cannot spare.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use ferrobase_jwt::Random;
use ferrobase_telemetry::counter;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use crate::error::{AuthError, ErrorCode, Result};
use crate::model::password::check_length;

mod argon;
mod firebase;

/// Cost of new hashes (auth.md 8.1).
const COST: u32 = 10;
/// Highest cost that a stored hash may ask for: some 3 s.
const HIGHEST_COST: u32 = 16;
/// Hashes that may wait. Beyond this the client is told to come back, before it would run into the request timeout.
const QUEUE: usize = 256;
/// How much the threads yield to the runtime's (Unix nice value).
const NICENESS: i32 = 5;

type Job = Box<dyn FnOnce() + Send>;

/// Hashes and checks passwords. Cheap to clone; the threads end with the last clone.
#[derive(Clone)]
pub struct Passwords {
    queue: SyncSender<Job>,
    random: Random,
}

impl Passwords {
    /// Starts `threads` threads, at least one.
    pub fn new(threads: usize) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads.max(1) {
            let jobs = Arc::clone(&jobs);
            std::thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || work(&jobs))?;
        }
        Ok(Self {
            queue,
            random: Random,
        })
    }

    /// A bcrypt hash of `password`: cost 10, `$2a$`. More than 72 bytes are refused with 400.
    pub async fn hash(&self, password: String) -> Result<String> {
        let password = Zeroizing::new(password);
        check_length(&password)?;
        let salt = self.random.bytes();
        let hash = self
            .run(move || bcrypt::hash_with_salt(password.as_bytes(), COST, salt))
            .await?;
        Ok(hash
            .map_err(AuthError::internal)?
            .format_for_version(bcrypt::Version::TwoA))
    }

    /// Whether `password` belongs to `hash`: bcrypt, an argon2 PHC string or a Firebase hash (auth.md 8.1). A hash of any other
    /// form matches nothing; that is logged.
    pub async fn verify(&self, hash: String, password: String) -> Result<bool> {
        let password = Zeroizing::new(password);
        self.run(move || match Scheme::of(&hash) {
            Some(scheme) => scheme.verify(&password),
            None => {
                tracing::warn!("a stored password hash has a form that is not supported");
                false
            }
        })
        .await
    }

    /// The work of a check without a hash, so that an unknown user takes as long to refuse as a wrong password.
    pub async fn verify_unknown(&self, password: String) -> Result<()> {
        let password = Zeroizing::new(password);
        let hash = self
            .run(move || bcrypt::hash_with_salt(password.as_bytes(), COST, [0; 16]))
            .await?;
        hash.map(drop).map_err(AuthError::internal)
    }

    /// A hash in the form of [`Passwords::hash`] that is nobody's: for users without a password. It is made of random digits and
    /// not computed, so that storing such a user takes no longer than finding one.
    pub fn unusable(&self) -> String {
        // A salt of 128 bits and a digest of 184 leave their last digits room for 2 and 4 bits.
        let (salt, digest) = (self.digits(21, b".Oeu"), self.digits(30, b".CGKOSWaeimquy26"));
        format!("$2a${COST:02}${salt}{digest}")
    }

    fn digits(&self, whole: usize, last: &[u8]) -> String {
        const ALPHABET: &[u8] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        self.random.from_alphabet(ALPHABET, whole) + &self.random.from_alphabet(last, 1)
    }

    /// Whether [`Passwords::verify`] could ever accept `hash`: for hashes that an administrator brings along (auth.md 15.2).
    pub fn recognises(hash: &str) -> bool {
        Scheme::of(hash).is_some()
    }

    /// Has one of the threads do `work`. Work that nobody waits for any more is skipped.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move || {
            if !reply.is_closed() {
                counter!("ferrobase_auth_password_hashes_total").increment(1);
                // An error only says that the client went away meanwhile.
                let _ = reply.send(work());
            }
        });
        self.queue.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => {
                tracing::warn!(waiting = QUEUE, "the queue for password hashing is full");
                AuthError::too_many(ErrorCode::OverRequestRateLimit, "Request rate limit reached")
            }
            TrySendError::Disconnected(_) => AuthError::failed("Password hashing is not available"),
        })?;
        answer.await.map_err(AuthError::internal)
    }
}

/// Life of one thread.
fn work(jobs: &Mutex<Receiver<Job>>) {
    // On Linux "this process" means the calling thread here. Hashing works as well without the lower priority.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICENESS);
    loop {
        // The lock is held while waiting: the other threads then wait for the lock instead of the queue.
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // The one waiting learns of a panic by its dropped channel; the thread goes on.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("password hashing panicked");
        }
    }
}

/// A parsed hash.
enum Scheme<'h> {
    Bcrypt(&'h str),
    Argon(argon::Hash),
    Firebase(firebase::Hash),
}

impl<'h> Scheme<'h> {
    fn of(hash: &'h str) -> Option<Self> {
        if hash.starts_with("$argon2") {
            return argon::Hash::parse(hash).map(Self::Argon);
        }
        if hash.starts_with("$fbscrypt$") {
            return firebase::Hash::parse(hash).map(Self::Firebase);
        }
        let known = ["$2a$", "$2b$", "$2y$"]
            .iter()
            .any(|prefix| hash.starts_with(prefix));
        let parts: bcrypt::HashParts = hash.parse().ok().filter(|_| known)?;
        (4..=HIGHEST_COST)
            .contains(&parts.get_cost())
            .then_some(Self::Bcrypt(hash))
    }

    fn verify(&self, password: &str) -> bool {
        match self {
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Argon(hash) => hash.verify(password),
            Self::Firebase(hash) => hash.verify(password),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn passwords() -> Passwords {
        Passwords::new(0).unwrap()
    }

    #[tokio::test]
    async fn what_was_hashed_is_recognised() {
        let passwords = passwords();
        let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$2a$10$") && hash.len() == 60);
        assert!(
            passwords
                .verify(hash.clone(), "correct horse".to_owned())
                .await
                .unwrap()
        );
        assert!(!passwords.verify(hash, "correct horsf".to_owned()).await.unwrap());
        passwords.verify_unknown("x".repeat(100)).await.unwrap();
    }

    #[tokio::test]
    async fn bcrypt_vectors_of_all_versions() {
        let passwords = passwords();
        let tail = "05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        for version in ["2a", "2b", "2y"] {
            assert!(
                passwords
                    .verify(format!("${version}${tail}"), "U*U".to_owned())
                    .await
                    .unwrap()
            );
        }
        assert!(
            !passwords
                .verify(format!("$2x${tail}"), "U*U".to_owned())
                .await
                .unwrap()
        );
        assert!(!Passwords::recognises(&format!("$2a$31{}", &tail[2..])));
    }

    #[tokio::test]
    async fn bytes_after_a_nul_count_and_those_after_72_do_not() {
        let passwords = passwords();
        let hash = passwords.hash("ab\0cd".to_owned()).await.unwrap();
        assert!(!passwords.verify(hash.clone(), "ab".to_owned()).await.unwrap());
        assert!(!passwords.verify(hash.clone(), "ab\0ce".to_owned()).await.unwrap());
        assert!(passwords.verify(hash, "ab\0cd".to_owned()).await.unwrap());
        let hash = passwords.hash("a".repeat(72)).await.unwrap();
        assert!(passwords.verify(hash, "a".repeat(80)).await.unwrap());
        assert_eq!(
            passwords
                .hash("a".repeat(73))
                .await
                .unwrap_err()
                .status()
                .as_u16(),
            400
        );
    }

    #[tokio::test]
    async fn an_unusable_hash_looks_like_any_and_matches_nothing() {
        let passwords = passwords();
        for _ in 0..50 {
            let hash = passwords.unusable();
            assert_eq!(hash.len(), 60);
            assert!(Passwords::recognises(&hash), "{hash}");
            // Decoded and encoded again it is the same: no digit carries bits that a computed hash would not have.
            let parts: bcrypt::HashParts = hash.parse().unwrap();
            assert_eq!(parts.format_for_version(bcrypt::Version::TwoA), hash);
        }
        let (one, other) = (passwords.unusable(), passwords.unusable());
        assert_ne!(one, other);
        assert!(!passwords.verify(one, String::new()).await.unwrap());
    }

    #[tokio::test]
    async fn unsupported_hashes_match_nothing() {
        let passwords = passwords();
        for hash in [
            "",
            "plain",
            "$1$x$y",
            "$2a$10$short",
            "$argon2d$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA",
            "$fbscrypt$",
        ] {
            assert!(!Passwords::recognises(hash), "{hash}");
            assert!(!passwords.verify(hash.to_owned(), String::new()).await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_full_queue_refuses_and_abandoned_work_is_skipped() {
        let passwords = passwords();
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let blocker = passwords.clone();
        let busy = tokio::spawn(async move {
            let work = move || begun.send(()).is_ok() && gate.recv().is_ok();
            blocker.run(work).await
        });
        has_begun.await.unwrap();
        let mut waiting = Vec::new();
        let refused = loop {
            let clone = passwords.clone();
            let mut task = Box::pin(async move { clone.run(|| panic!("must be skipped")).await });
            match tokio::time::timeout(Duration::from_millis(1), &mut task).await {
                Ok(result) => break result,
                Err(_) => waiting.push(task),
            }
            assert!(waiting.len() < QUEUE + 2);
        };
        assert_eq!(refused.map(|(): ()| ()).unwrap_err().status().as_u16(), 429);
        drop(waiting);
        release.send(()).unwrap();
        assert!(busy.await.unwrap().unwrap());
        // The thread skips the abandoned work, then there is room again.
        let mut answer = passwords.run(|| 7).await;
        while answer.is_err() {
            tokio::task::yield_now().await;
            answer = passwords.run(|| 7).await;
        }
        assert_eq!(answer.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_panic_does_not_end_the_thread() {
        let passwords = passwords();
        assert!(passwords.run(|| -> () { panic!("on purpose") }).await.is_err());
        assert_eq!(passwords.run(|| 7).await.unwrap(), 7);
    }
}
