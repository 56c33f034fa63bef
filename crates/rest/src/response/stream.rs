//! A body that is passed on while the database still sends it.

use axum::body::Body;
use ferrobase_db::Reply;
use futures_util::stream::try_unfold;

/// When the client goes away the reply is dropped, which cancels the query.
pub(super) fn body(reply: Box<Reply>) -> Body {
    Body::from_stream(try_unfold(Some(reply), |reply| async move {
        let Some(mut reply) = reply else { return Ok(None) };
        match reply.chunk().await {
            Ok(Some(bytes)) => Ok(Some((bytes, Some(reply)))),
            Ok(None) => match reply.finish().await {
                Ok(()) => Ok(None),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        }
    }))
}
