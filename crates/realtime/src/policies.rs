//! Private channels by the policies that applications write for `realtime.messages` (§8).

use std::sync::Arc;

use ferrobase_db::{DbError, Pool};
use futures_util::future::BoxFuture;

use crate::authorize::{Authorizer, Readable, Refused, Replayed, Visitor, Writable};
use crate::model::broadcast::{Body, Broadcast};
use crate::store::{messages, probes};

/// Asks the database. The login has to be allowed to become the visitors' roles.
#[derive(Debug, Clone)]
pub struct Policies {
    pool: Pool,
}

impl Policies {
    /// With connections of the login itself.
    pub fn new(pool: Pool) -> Self {
        Self { pool }
    }

    async fn may_read(self, visitor: Visitor, presence: bool) -> Result<Readable, DbError> {
        let mut connection = self.pool.get().await?;
        let tx = connection.begin().await?;
        let ids = probes::make_rows(&tx, &visitor.topic).await?;
        probes::enter(&tx, &visitor).await?;
        let visible = probes::visible(&tx, &ids).await?;
        tx.rollback().await?;
        let sees = |wanted: &str| visible.iter().any(|extension| extension == wanted);
        Ok(Readable {
            broadcast: sees("broadcast"),
            presence: presence.then(|| sees("presence")),
        })
    }

    async fn may_write(self, visitor: Visitor) -> Result<Writable, DbError> {
        Ok(Writable {
            broadcast: self.writes(&visitor, "broadcast").await?,
            presence: self.writes(&visitor, "presence").await?,
        })
    }

    async fn writes(&self, visitor: &Visitor, extension: &str) -> Result<bool, DbError> {
        let mut connection = self.pool.get().await?;
        let tx = connection.begin().await?;
        probes::enter(&tx, visitor).await?;
        let written = probes::write(&tx, &visitor.topic, extension).await;
        tx.rollback().await?;
        match written {
            Ok(()) => Ok(true),
            Err(error) if error.sqlstate() == Some("42501") => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn past(self, topic: Arc<str>, since: i64, limit: u8) -> Result<Vec<Replayed>, DbError> {
        let past = messages::past(&self.pool, &topic, since, limit.into()).await?;
        let replayed = past.into_iter().rev().filter_map(|message| {
            let body = match (message.binary, message.payload) {
                (Some(bytes), _) => Body::Binary(bytes.into()),
                (None, Some(text)) => Body::Json(text.into()),
                (None, None) => return None,
            };
            Some(Replayed {
                id: message.id.into(),
                broadcast: Broadcast::User {
                    event: message.event.into(),
                    body,
                    meta: None,
                    id: None,
                },
            })
        });
        Ok(replayed.collect())
    }
}

impl Authorizer for Policies {
    fn may_read(&self, visitor: Visitor, presence: bool) -> BoxFuture<'static, Result<Readable, Refused>> {
        let policies = self.clone();
        Box::pin(async move {
            policies
                .may_read(visitor, presence)
                .await
                .map_err(|error| refused(&error))
        })
    }

    fn may_write(&self, visitor: Visitor) -> BoxFuture<'static, Result<Writable, Refused>> {
        let policies = self.clone();
        Box::pin(async move { policies.may_write(visitor).await.map_err(|error| refused(&error)) })
    }

    fn replay(
        &self,
        topic: Arc<str>,
        since: i64,
        limit: u8,
    ) -> BoxFuture<'static, Result<Vec<Replayed>, Refused>> {
        let policies = self.clone();
        Box::pin(async move {
            policies
                .past(topic, since, limit)
                .await
                .map_err(|error| refused(&error))
        })
    }

    fn keep_partitions(&self) -> BoxFuture<'static, ()> {
        let policies = self.clone();
        Box::pin(async move {
            if let Err(error) = messages::keep_partitions(&policies.pool).await {
                tracing::warn!(%error, "the partitions of messages could not be looked after");
            }
        })
    }
}

fn refused(error: &DbError) -> Refused {
    tracing::warn!(%error, "a private channel could not be judged");
    match (error.sqlstate(), error) {
        (Some("23514"), _) => Refused::Partition,
        (Some("57014"), _) => Refused::Canceled,
        (Some(_), _) => Refused::Policy,
        (None, DbError::PoolTimeout) => Refused::Pool,
        (None, _) => Refused::Unavailable,
    }
}
