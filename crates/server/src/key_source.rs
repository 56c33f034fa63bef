//! Where the signing keys of user tokens come from, and how a running backend learns that they changed: it looks at the
//! file's time and size every two seconds. A signal would not do: SIGHUP ends a program whose terminal went away, and nobody
//! would send it to all processes of a project.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use ferrobase_jwt::{KeyError, KeyRing, ProjectKeys, TokenKeys};

/// Pause between two looks at the file.
const PAUSE: Duration = Duration::from_secs(2);

/// A file with signing keys.
#[derive(Debug, Clone)]
pub(crate) enum KeySource {
    /// The project's own keys.
    Project(PathBuf),
    /// A list of JWKs that configuration names.
    List(PathBuf),
}

/// By which a change shows.
type Stamp = (Option<SystemTime>, u64);

impl KeySource {
    /// The keys as they are now.
    pub(crate) fn read(&self) -> Result<KeyRing, KeyError> {
        match self {
            Self::Project(path) => ProjectKeys::signing_keys(path),
            Self::List(path) => KeyRing::read_file(path),
        }
    }

    /// Takes changes over until the end. A file that cannot be read or used changes nothing and is told once.
    pub(crate) async fn follow(self, tokens: TokenKeys, ended: impl Future<Output = ()> + Send) {
        let mut ended = std::pin::pin!(ended);
        // The file is read once more at the beginning: it may have changed since the keys were loaded.
        let mut seen = None;
        loop {
            let stamp = self.stamp().await;
            if stamp != seen && stamp.is_some() {
                seen = stamp;
                self.take_over(&tokens).await;
            }
            tokio::select! {
                () = &mut ended => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    async fn take_over(&self, tokens: &TokenKeys) {
        let source = self.clone();
        let read = tokio::task::spawn_blocking(move || source.read()).await;
        let Ok(read) = read else { return };
        let before = tokens.jwks_json();
        match read.and_then(|ring| tokens.replace(ring.jwks())) {
            Ok(()) if before != tokens.jwks_json() => tracing::info!("the signing keys changed"),
            Ok(()) => {}
            Err(error) => tracing::error!(%error, "the signing keys stay as they were"),
        }
    }

    async fn stamp(&self) -> Option<Stamp> {
        let (Self::Project(path) | Self::List(path)) = self;
        let about = tokio::fs::metadata(path).await.ok()?;
        Some((about.modified().ok(), about.len()))
    }
}
