//! The rest of a request's body that nobody wanted to read, because the answer was clear before: it is read and thrown
//! away for a while. A client that still sends would otherwise find the connection closed and lose the answer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::EXPECT;
use futures_util::StreamExt as _;
use hyper::body::{Frame, SizeHint};

/// Most bytes that are thrown away.
const BYTES: usize = 16 * 1024 * 1024;

/// Longest time for it.
const TIME: Duration = Duration::from_secs(5);

/// The request, with a body whose unread rest is thrown away in the background.
pub(super) fn until_read(request: Request) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    // Such a client waits before it sends; reading would invite it to begin.
    let waits = request.headers().contains_key(EXPECT);
    request.map(|body| {
        Body::new(Lingering {
            body,
            is_sent: !waits,
        })
    })
}

struct Lingering {
    body: Body,
    /// The client sends, or has been asked to.
    is_sent: bool,
}

impl HttpBody for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_sent = true;
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(None | Some(Err(_))) = frame {
            self.body = Body::empty();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if !self.is_sent || self.body.is_end_stream() {
            return;
        }
        let rest = std::mem::take(&mut self.body);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(TIME, throw_away(rest)));
        }
    }
}

async fn throw_away(body: Body) {
    let mut rest = body.into_data_stream();
    let mut left = BYTES;
    while let Some(Ok(data)) = rest.next().await {
        match left.checked_sub(data.len()) {
            Some(less) => left = less,
            None => return,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const MEGABYTE: usize = 1024 * 1024;

    /// A request whose body has no end, and how many megabytes of it were read.
    fn endless() -> (Request, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&count);
        let data = futures_util::stream::repeat_with(move || {
            counting.fetch_add(1, Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from(vec![0; MEGABYTE]))
        });
        (Request::new(Body::from_stream(data)), count)
    }

    async fn settled(count: &AtomicUsize) -> usize {
        let mut last = usize::MAX;
        while last != count.load(Ordering::Relaxed) {
            last = count.load(Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        last
    }

    #[tokio::test]
    async fn the_unread_rest_is_read_up_to_a_bound() {
        let (request, count) = endless();
        drop(until_read(request));
        assert_eq!(settled(&count).await, BYTES / MEGABYTE + 1);
    }

    #[tokio::test]
    async fn a_client_that_waits_is_not_invited_to_send() {
        let (mut request, count) = endless();
        request
            .headers_mut()
            .insert(EXPECT, "100-continue".parse().unwrap());
        let request = until_read(request);
        assert_eq!(count.load(Ordering::Relaxed), 0);
        // Once the body was asked for, the client sends.
        let mut body = request.into_body().into_data_stream();
        body.next().await.unwrap().unwrap();
        drop(body);
        assert_eq!(settled(&count).await, BYTES / MEGABYTE + 2);
        let (mut request, count) = endless();
        request
            .headers_mut()
            .insert(EXPECT, "100-continue".parse().unwrap());
        drop(until_read(request));
        assert_eq!(settled(&count).await, 0);
    }

    #[tokio::test]
    async fn what_was_read_is_not_read_again() {
        let request = until_read(Request::new(Body::from("all of it")));
        let body = axum::body::to_bytes(request.into_body(), 100).await.unwrap();
        assert_eq!(body, "all of it");
    }
}
