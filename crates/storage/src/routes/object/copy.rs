//! `POST /object/copy` (§9).

use axum::Json;
use axum::response::{IntoResponse, Response};

use crate::ask::{Ask, Target};
use crate::copying::Copying;
use crate::error::Result;
use crate::fields::Fields;
use crate::incoming;

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
    let copying = Copying {
        scope: &scope,
        from: &order.from,
        to: &order.to,
        user_metadata: (!order.with_metadata).then_some(sent),
        mime: order.mime,
        cache_control: order.cache_control,
        is_upsert,
        condition: &|_| Ok(()),
    };
    let mut row = copying.run(&state).await?;
    if let Some(row) = row.as_object_mut() {
        let key = format!("{}/{}", order.to.bucket, order.to.key);
        row.insert("Key".to_owned(), key.into());
        let id = row.get("id").cloned().unwrap_or_default();
        row.insert("Id".to_owned(), id);
    }
    Ok(Json(row).into_response())
}
