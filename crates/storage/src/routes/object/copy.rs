//! `POST /object/copy` (§9).

use axum::Json;
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use crate::ask::{Ask, Target};
use crate::error::{Result, StorageError};
use crate::fields::Fields;
use crate::incoming;
use crate::permission;
use crate::scope::Scope;
use crate::state::State;
use crate::store::objects::{self, NewObject, Object};
use crate::store::{pending, scope};

/// What is to be copied, and how.
struct Order {
    from: Target,
    to: Target,
    /// The user's metadata come along.
    with_metadata: bool,
    /// Values that replace the source's.
    mime: Option<String>,
    cache_control: Option<String>,
}

impl Order {
    fn of(fields: &Fields) -> Result<Self> {
        fields.require(&["bucketId", "sourceKey", "destinationKey"])?;
        let bucket = fields.required_text("bucketId")?;
        let to_bucket = fields.text("destinationBucket")?.filter(|to| !to.is_empty());
        let file = fields.object("metadata")?;
        let of_file = |name: &str| match &file {
            Some(file) => file.text(name),
            None => Ok(None),
        };
        Ok(Self {
            to: Target {
                bucket: to_bucket.unwrap_or_else(|| bucket.clone()),
                key: fields.required_text("destinationKey")?,
            },
            from: Target {
                bucket,
                key: fields.required_text("sourceKey")?,
            },
            with_metadata: fields.boolean("copyMetadata")?.unwrap_or(true),
            mime: of_file("mimetype")?,
            cache_control: of_file("cacheControl")?,
        })
    }
}

pub(super) async fn answer(ask: Ask) -> Result<Response> {
    let scope = ask.scope("storage.object.copy")?;
    let (state, is_upsert) = (ask.state.clone(), ask.is_upsert());
    let sent = incoming::metadata(&ask.parts.headers);
    let order = Order::of(&ask.fields().await?)?;
    order.to.check()?;
    let run = Copying {
        state,
        scope,
        order,
        sent,
        is_upsert,
    };
    match run.once().await {
        // The source was replaced between the look at its row and the copy of its bytes.
        Err(StorageError::NoBlob) => run.once().await,
        other => other,
    }
}

/// A copy that is asked for.
struct Copying {
    state: State,
    scope: Scope,
    order: Order,
    /// Metadata of the user's that came along.
    sent: Option<Value>,
    is_upsert: bool,
}

impl Copying {
    async fn once(&self) -> Result<Response> {
        let (state, scope, order) = (&self.state, &self.scope, &self.order);
        let source = permission::read(state, scope, &order.from.bucket, &order.from.key).await?;
        let mut new = NewObject {
            bucket: order.to.bucket.clone(),
            name: order.to.key.clone(),
            owner_id: scope.caller.sub.clone(),
            version: permission::VERSION.to_owned(),
            metadata: metadata(state, &source, order),
            user_metadata: if order.with_metadata {
                source.user_metadata.clone()
            } else {
                self.sent.clone()
            },
        };
        Box::pin(permission::may_write(state, scope, &new, self.is_upsert)).await?;
        let version = source.blob().ok_or(StorageError::NoBlob)?;
        let flight = state.blobs.copy(version).await?;
        new.version = flight.version().to_string();
        let change = Box::pin(finish(state.clone(), scope.as_service(), new, self.is_upsert));
        let mut row = flight.settle(change).await?;
        if let Some(row) = row.as_object_mut() {
            let key = format!("{}/{}", order.to.bucket, order.to.key);
            row.insert("Key".to_owned(), key.into());
            let id = row.get("id").cloned().unwrap_or_default();
            row.insert("Id".to_owned(), id);
        }
        Ok(Json(row).into_response())
    }
}

/// The file's own metadata with what the order says.
fn metadata(state: &State, source: &Object, order: &Order) -> Value {
    let mut all = source.metadata.as_object().cloned().unwrap_or_else(Map::new);
    let now = state.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
    let changes = [
        ("mimetype", order.mime.clone()),
        ("cacheControl", order.cache_control.clone()),
        ("lastModified", Some(now)),
    ];
    for (name, value) in changes {
        if let Some(value) = value {
            all.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(all)
}

async fn finish(state: State, service: Scope, new: NewObject, is_upsert: bool) -> Result<Value> {
    let mut connection = state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, old) = futures_util::join!(service.enter(&tx), objects::lock(&tx, &new.bucket, &new.name));
    entered?;
    let old = old?;
    if old.is_some() && !is_upsert {
        return Err(StorageError::KeyAlreadyExists);
    }
    let (_, row) = objects::upsert_shown(&tx, &new).await?;
    if let Some(version) = old.and_then(|old| old.version) {
        scope::leave(&tx).await?;
        pending::add(&tx, &new.bucket, &[version]).await?;
    }
    tx.commit().await?;
    state.wake_sweep();
    Ok(row)
}
