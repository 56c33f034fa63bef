//! `GET /`

use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use crate::error::Result;
use crate::s3::answer::{NAMESPACE, xml};
use crate::s3::call::Call;
use crate::store::buckets::{self, Listing};

#[derive(Serialize)]
#[serde(rename = "ListAllMyBucketsResult")]
struct Answer {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    #[serde(rename = "Owner")]
    owner: Owner,
    #[serde(rename = "Buckets")]
    buckets: Buckets,
}

#[derive(Serialize)]
struct Owner {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Serialize)]
struct Buckets {
    #[serde(rename = "Bucket")]
    all: Vec<Bucket>,
}

#[derive(Serialize)]
struct Bucket {
    #[serde(rename = "Name")]
    name: String,
    #[serde(rename = "CreationDate")]
    created: String,
}

pub(super) async fn answer(call: Call) -> Result<Response> {
    let scope = call.scope("storage.s3.bucket.list");
    let listing = Listing {
        limit: None,
        offset: 0,
        column: Some("name"),
        descending: false,
        search: None,
    };
    let mut connection = call.state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, found) = futures_util::join!(scope.enter(&tx), buckets::list(&tx, &listing));
    entered?;
    let found = found?;
    tx.rollback().await?;
    let text = |row: &Value, name: &str| {
        row.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    xml(&Answer {
        namespace: NAMESPACE,
        owner: Owner {
            id: scope.caller.sub.clone().unwrap_or_default(),
        },
        buckets: Buckets {
            all: found
                .iter()
                .map(|row| Bucket {
                    name: text(row, "id"),
                    created: text(row, "created_at"),
                })
                .collect(),
        },
    })
}
