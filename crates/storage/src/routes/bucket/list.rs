//! `GET /bucket`

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::USER_AGENT;

use crate::ask::Ask;
use crate::error::Result;
use crate::fields::Fields;
use crate::store::buckets::{self, Listing};

pub(super) async fn answer(ask: Ask) -> Result<Response> {
    let scope = ask.scope("storage.bucket.list")?;
    let query = Fields::of_query(&ask.parts);
    let listing = Listing {
        limit: query.integer("limit", 1)?,
        offset: query.integer("offset", 0)?.unwrap_or_default(),
        column: query.choice("sortColumn", &["id", "name", "created_at", "updated_at"])?,
        descending: query.choice("sortOrder", &["asc", "desc"])? == Some("desc"),
        search: query.text("search")?.filter(|search| !search.is_empty()),
    };
    let mut connection = ask.state.pool.get().await?;
    let tx = connection.begin().await?;
    let (entered, found) = futures_util::join!(scope.enter(&tx), buckets::list(&tx, &listing));
    entered?;
    let mut buckets = found?;
    tx.rollback().await?;
    if knows_no_types(&ask) {
        for bucket in buckets.iter_mut().filter_map(|bucket| bucket.as_object_mut()) {
            bucket.shift_remove("type");
        }
    }
    Ok(Json(buckets).into_response())
}

/// Older clients for Python fail over a field that they do not know.
fn knows_no_types(ask: &Ask) -> bool {
    let is_before = |header: &str, name: &str, first: [u64; 3]| {
        ask.header(header)
            .and_then(|value| value.trim().strip_prefix(name))
            .and_then(version)
            .is_some_and(|version| version < first)
    };
    is_before("x-client-info", "supabase-py/", [2, 18, 0])
        || is_before(USER_AGENT.as_str(), "supabase-py/storage3 v", [0, 12, 1])
}

fn version(text: &str) -> Option<[u64; 3]> {
    let text = text.split(|c: char| c != '.' && !c.is_ascii_digit()).next()?;
    let mut numbers = text.split('.').map(|part| part.parse().unwrap_or_default());
    Some([
        numbers.next()?,
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(version("2.17.9"), Some([2, 17, 9]));
        assert_eq!(version("0.12.0 (x)"), Some([0, 12, 0]));
        assert!(version("2.9.1") < Some([2, 18, 0]));
    }
}
