use axum::body::to_bytes;
use futures_util::{StreamExt, stream};

use super::*;
use crate::model::ranges::Span;

fn chunks(list: Vec<Result<Bytes>>) -> impl Stream<Item = Result<Bytes>> + Unpin {
    stream::iter(list)
}

fn blobs(root: &Path) -> Blobs {
    Blobs::Fs(FsBlobs::open_root(root, Random).unwrap())
}

/// Blobs, and markers of such in flight.
fn files(root: &Path) -> (usize, usize) {
    let count = |folder: PathBuf| fs::read_dir(folder).unwrap().count();
    let blobs = (0..=255)
        .map(|byte| count(root.join(format!("{byte:02x}"))))
        .sum();
    (blobs, count(root.join("pending")))
}

/// Removals run in the background.
async fn files_become(root: &Path, wanted: (usize, usize)) {
    for _ in 0..500 {
        if files(root) == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(files(root), wanted);
}

async fn text(blob: &Blob, start: u64, length: u64) -> Bytes {
    to_bytes(blob.body(Span { start, length }), 1 << 20)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_is_put_is_read() {
    let root = tempfile::tempdir().unwrap();
    let blobs = blobs(root.path());
    let content = vec![
        Ok(Bytes::from_static(b"hello ")),
        Ok(Bytes::from_static(b"world")),
    ];
    let stored = blobs.put(11, chunks(content)).await.unwrap();
    assert_eq!(stored.size, 11);
    assert_eq!(stored.md5, "5eb63bbbe01eeed093cb22bb8f5acdc3");
    let version = stored.flight.version();
    assert_eq!(files(root.path()), (1, 1));
    let names = || fs::metadata(root.path().join("marker")).unwrap().nlink();
    assert_eq!(names(), 2);
    stored.flight.settle(async { Ok(()) }).await.unwrap();
    assert_eq!((files(root.path()), names()), ((1, 0), 1));
    // Without the file of all markers each is one of its own.
    fs::remove_file(root.path().join("marker")).unwrap();

    let copy = blobs.copy(version).await.unwrap();
    let copied = copy.version();
    copy.settle(async { Ok(()) }).await.unwrap();
    assert_eq!(blobs.remove(vec![version, version]).await, Vec::<Uuid>::new());
    for ahead in [true, false] {
        let blob = blobs.open(copied, ahead).await.unwrap();
        assert_eq!(blob.size(), 11);
        assert_eq!(text(&blob, 6, 5).await, "world");
        assert_eq!(text(&blob, 0, 11).await, "hello world");
    }
    assert!(matches!(
        blobs.open(version, true).await,
        Err(StorageError::NoBlob)
    ));
    assert!(matches!(blobs.copy(version).await, Err(StorageError::NoBlob)));
    files_become(root.path(), (1, 0)).await;
}

#[tokio::test]
async fn large_ones_in_pieces() {
    let root = tempfile::tempdir().unwrap();
    let blobs = blobs(root.path());
    let chunk: Bytes = (0..65_536_u32)
        .map(|n| (n % 251) as u8)
        .collect::<Vec<_>>()
        .into();
    let content = (0..40).map(|_| Ok(chunk.clone())).collect();
    let stored = blobs.put(u64::MAX, chunks(content)).await.unwrap();
    let version = stored.flight.version();
    stored.flight.settle(async { Ok(()) }).await.unwrap();
    let whole: Vec<u8> = (0..40).flat_map(|_| chunk.to_vec()).collect();
    let blob = blobs.open(version, true).await.unwrap();
    let size = whole.len() as u64;
    let read = |start, length| {
        let body = blob.body(Span { start, length });
        async move { to_bytes(body, 1 << 30).await.unwrap() }
    };
    assert_eq!(read(0, size).await, whole);
    assert_eq!(
        read(100_000, 1_000_000).await,
        whole.get(100_000..1_100_000).unwrap()
    );
    // One chunk after the other, each given back before the next is asked for: buffers are used again.
    let mut body = blob
        .body(Span {
            start: 1,
            length: size - 2,
        })
        .into_data_stream();
    let mut at = 1;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.unwrap();
        assert_eq!(chunk, whole.get(at..at + chunk.len()).unwrap(), "at {at}");
        at += chunk.len();
    }
    assert_eq!(at, whole.len() - 1);
    assert_eq!(read(size - 1, 1).await, whole.get(whole.len() - 1..).unwrap());
    let pieces = vec![
        (
            Bytes::from_static(b"<"),
            Span {
                start: 300_000,
                length: 2,
            },
        ),
        (Bytes::from_static(b"|"), Span { start: 0, length: 1 }),
    ];
    let body = to_bytes(blob.bodies(pieces, Bytes::from_static(b">")), 100)
        .await
        .unwrap();
    assert_eq!(
        body,
        [
            b"<",
            whole.get(300_000..300_002).unwrap(),
            b"|",
            &whole[..1],
            b">"
        ]
        .concat()
    );
}

#[tokio::test]
async fn nothing_is_left_of_what_fails() {
    let root = tempfile::tempdir().unwrap();
    let blobs = blobs(root.path());
    let long = vec![Ok(Bytes::from_static(b"12345")), Ok(Bytes::from_static(b"6"))];
    let refused = blobs.put(5, chunks(long)).await;
    assert!(matches!(refused, Err(StorageError::TooLarge)));
    let piece = Bytes::from(vec![0; 600_000]);
    let broken = vec![Ok(piece.clone()), Ok(piece), Err(StorageError::BrokenBody)];
    let refused = blobs.put(u64::MAX, chunks(broken)).await;
    assert!(matches!(refused, Err(StorageError::BrokenBody)));
    files_become(root.path(), (0, 0)).await;

    let stored = blobs
        .put(5, chunks(vec![Ok(Bytes::from_static(b"1"))]))
        .await
        .unwrap();
    let refused: Result<()> = stored
        .flight
        .settle(async { Err(StorageError::KeyAlreadyExists) })
        .await;
    assert!(matches!(refused, Err(StorageError::KeyAlreadyExists)));
    files_become(root.path(), (0, 0)).await;
}

#[tokio::test]
async fn an_unknown_outcome_keeps_the_blob() {
    let root = tempfile::tempdir().unwrap();
    let blobs = blobs(root.path());
    let content = || chunks(vec![Ok(Bytes::from_static(b"1"))]);
    let stored = blobs.put(5, content()).await.unwrap();
    let lost: Result<()> = stored
        .flight
        .settle(async { Err(StorageError::Internal("the connection was closed".to_owned())) })
        .await;
    assert!(lost.is_err());
    // In flight still, as the commit may yet take effect.
    assert_eq!(blobs.leftovers().await.unwrap(), Vec::<Uuid>::new());
    assert_eq!(files(root.path()), (1, 1));
}

#[tokio::test]
async fn leftovers_of_a_process_that_died() {
    let root = tempfile::tempdir().unwrap();
    let content = || chunks(vec![Ok(Bytes::from_static(b"1"))]);
    let dead = blobs(root.path());
    let (first, second) = (
        dead.put(5, content()).await.unwrap(),
        dead.put(5, content()).await.unwrap(),
    );
    let (kept, orphan) = (first.flight.version(), second.flight.version());
    // Neither lands nor is removed: as after a kill. The lock goes with the process.
    std::mem::forget((first, second));
    let Blobs::Fs(files_of_dead) = &dead else {
        unreachable!()
    };
    let descriptor = files_of_dead.0.lock.as_ref().unwrap();
    flock(descriptor, FlockOperation::Unlock).unwrap();

    let alive = blobs(root.path());
    let running = alive.put(5, content()).await.unwrap();
    let mut found = alive.leftovers().await.unwrap();
    found.sort();
    let mut wanted = vec![kept, orphan];
    wanted.sort();
    assert_eq!(found, wanted);
    alive.decided(vec![kept], vec![orphan]).await;
    assert_eq!(alive.leftovers().await.unwrap(), Vec::<Uuid>::new());
    assert!(alive.open(kept, true).await.is_ok());
    assert!(alive.open(orphan, true).await.is_err());
    assert!(alive.open(running.flight.version(), true).await.is_ok());

    // Beside a living process nothing young is touched.
    let beside = blobs(root.path());
    assert_eq!(beside.leftovers().await.unwrap(), Vec::<Uuid>::new());
}

#[tokio::test]
async fn several_become_one() {
    let root = tempfile::tempdir().unwrap();
    let blobs = blobs(root.path());
    let mut parts = Vec::new();
    for text in ["hello ", "", "world"] {
        let content = vec![Ok(Bytes::from_static(text.as_bytes()))];
        let stored = blobs.put(10, chunks(content)).await.unwrap();
        parts.push(stored.flight.version());
        stored.flight.settle(async { Ok(()) }).await.unwrap();
    }
    let flight = blobs.join(parts.clone()).await.unwrap();
    let whole = flight.version();
    flight.settle(async { Ok(()) }).await.unwrap();
    assert_eq!(blobs.remove(parts.clone()).await, Vec::<Uuid>::new());
    let blob = blobs.open(whole, true).await.unwrap();
    assert_eq!(text(&blob, 0, blob.size()).await, "hello world");
    assert_eq!(files(root.path()), (1, 0));
    // Nothing is left of one that lacks a part.
    assert!(matches!(
        blobs.join(vec![whole, parts[0]]).await,
        Err(StorageError::NoBlob)
    ));
    files_become(root.path(), (1, 0)).await;
}
