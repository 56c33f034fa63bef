//! How things look as bytes: WebSocket frames, the serializers, the queue of a socket.

pub(crate) mod encode;
pub(crate) mod outbox;
pub(crate) mod websocket;
