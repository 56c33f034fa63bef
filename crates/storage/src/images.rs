//! Images in other sizes and formats (§12): what is asked for ([`transform`]), where it lies in the source ([`geometry`]), how
//! it is made ([`rendering`]), and how many at once.
//!
//! A render holds a place in a bounded queue, then one of as many threads as there are cores, then memory for its pixels. The
//! threads yield to the runtime's. Results are kept in memory by version and parameters.

pub mod geometry;
pub mod rendering;
pub mod transform;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ferrobase_http::read_body;
use http::{HeaderMap, header::ACCEPT};
use moka::sync::Cache;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use uuid::Uuid;

use crate::blobs::Blobs;
use crate::config::ImageConfig;
use crate::error::{Result, StorageError};
use crate::model::ranges::Span;

pub use transform::{Output, Transform};

/// Renders that may wait. Beyond this the client is told to come back.
const QUEUE: usize = 128;

/// Time of a render with its wait.
const TIME: Duration = Duration::from_secs(15);

/// Results that nobody asks for go after this.
const IDLE: Duration = Duration::from_secs(3600);

/// Memory of all renders together, in MiB; one that needs more than this has all of it.
const MEMORY: u32 = 768;

/// How much the threads yield to the runtime's (Unix nice value).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// A result.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// Its bytes.
    pub bytes: Bytes,
    /// Their type.
    pub mime: &'static str,
}

/// A result's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    version: Uuid,
    transform: Transform,
    accepts_webp: bool,
}

/// Makes images. Results are shared by all requests of the process.
#[derive(Debug)]
pub struct Images {
    config: ImageConfig,
    queue: Arc<Semaphore>,
    threads: Arc<Semaphore>,
    memory: Arc<Semaphore>,
    results: Cache<Key, Rendered>,
}

impl Images {
    /// With as many threads as the machine has cores.
    pub fn new(config: ImageConfig) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let results = Cache::builder()
            .max_capacity(config.cache_size)
            .weigher(|_: &Key, result: &Rendered| {
                u32::try_from(result.bytes.len() + size_of::<Key>()).unwrap_or(u32::MAX)
            })
            .time_to_idle(IDLE)
            .support_invalidation_closures()
            .build();
        Self {
            config,
            queue: Arc::new(Semaphore::new(QUEUE + threads)),
            threads: Arc::new(Semaphore::new(threads)),
            memory: Arc::new(Semaphore::new(MEMORY as usize)),
            results,
        }
    }

    /// The blob `version` as `transform` says; what it leaves open, `headers` decide.
    pub async fn render(
        &self,
        blobs: &Blobs,
        version: Uuid,
        transform: &Transform,
        headers: &HeaderMap,
    ) -> Result<Rendered> {
        let key = Key {
            version,
            transform: transform.clone(),
            accepts_webp: transform.output.is_none() && accepts_webp(headers),
        };
        if let Some(result) = self.results.get(&key) {
            return Ok(result);
        }
        let Ok(_place) = Arc::clone(&self.queue).try_acquire_owned() else {
            return Err(StorageError::RenderBusy);
        };
        tokio::time::timeout(TIME, self.make(blobs, key))
            .await
            .map_err(|_| StorageError::RenderTimeout)?
    }

    /// Forgets the results of blobs that are gone.
    pub fn forget(&self, versions: &[Uuid]) {
        let gone: std::collections::HashSet<Uuid> = versions.iter().copied().collect();
        let forgotten = self
            .results
            .invalidate_entries_if(move |key, _| gone.contains(&key.version));
        if let Err(error) = forgotten {
            tracing::debug!(%error, "results of removed images stay until they are idle");
        }
    }

    async fn make(&self, blobs: &Blobs, key: Key) -> Result<Rendered> {
        let thread = Arc::clone(&self.threads).acquire_owned().await;
        let thread = thread.map_err(|error| StorageError::Internal(error.to_string()))?;
        // Somebody may have asked for the same while this one waited.
        if let Some(result) = self.results.get(&key) {
            return Ok(result);
        }
        let source = self.read(blobs, key.version).await?;
        let result = self.on_thread(source, &key, thread).await?;
        self.results.insert(key, result.clone());
        Ok(result)
    }

    async fn read(&self, blobs: &Blobs, version: Uuid) -> Result<Bytes> {
        let blob = blobs.open(version, true).await?;
        if blob.size() > self.config.source_bytes {
            return Err(StorageError::Image("The source image file is too big"));
        }
        let whole = Span {
            start: 0,
            length: blob.size(),
        };
        let limit = usize::try_from(blob.size()).unwrap_or(usize::MAX);
        read_body(blob.body(whole), limit)
            .await
            .map_err(|_| StorageError::Internal("a blob could not be read".to_owned()))
    }

    /// A thread of its own ends with its work; the places bound how many there are. A panic of a decoder drops the reply.
    async fn on_thread(&self, source: Bytes, key: &Key, place: OwnedSemaphorePermit) -> Result<Rendered> {
        let (reply, answer) = oneshot::channel();
        let (transform, accepts_webp) = (key.transform.clone(), key.accepts_webp);
        let (memory, pixels, runtime) = (
            Arc::clone(&self.memory),
            self.config.source_pixels,
            Handle::current(),
        );
        let work = move || {
            let _place = place;
            // On Linux "this process" means the calling thread here. Rendering works as well without the lower priority.
            #[cfg(target_os = "linux")]
            let _ = rustix::process::setpriority_process(None, NICENESS);
            let source = match rendering::Source::open(&source, pixels) {
                Ok(source) => source,
                Err(error) => return drop(reply.send(Err(error))),
            };
            let need = u32::try_from(source.memory() >> 20)
                .unwrap_or(MEMORY)
                .clamp(1, MEMORY);
            let Ok(_memory) = runtime.block_on(memory.acquire_many_owned(need)) else {
                return;
            };
            let result = source.render(&transform, accepts_webp, &|| reply.is_closed());
            // An error only says that the client went away meanwhile.
            let _ = reply.send(result);
        };
        std::thread::Builder::new()
            .name("image".to_owned())
            .spawn(work)
            .map_err(|error| StorageError::Internal(error.to_string()))?;
        answer.await.map_err(|_| StorageError::UnusableImage)?
    }
}

fn accepts_webp(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("image/webp"))
}
