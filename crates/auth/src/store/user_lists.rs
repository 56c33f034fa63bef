//! Lists of users for administrators (auth.md 15.1). Identities and factors are not loaded.

use ferrobase_db::{DbError, Executor};

use super::users::{read_bare, user_columns};
use crate::model::page::Page;
use crate::model::user::User;

/// Which users, and in which order.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    /// Audience.
    pub audience: &'a str,
    /// Part of an e-mail, or of a full name whatever its case.
    pub filter: Option<&'a str>,
    /// Oldest first instead of newest first.
    pub oldest_first: bool,
}

macro_rules! matching {
    () => {
        " and (u.email like '%' || $2 || '%' or u.raw_user_meta_data ->> 'full_name' ilike '%' || $2 || '%')"
    };
}

/// The ids of a page come from the index alone, so that a far page costs no reading of the users before it.
macro_rules! listed {
    ($condition:expr, $limits:literal, $order:literal) => {
        concat!(
            "select ",
            user_columns!(),
            " from (select u.id from auth.users u where u.aud = $1",
            $condition,
            " order by ",
            $order,
            $limits,
            ") page join auth.users u on u.id = page.id order by ",
            $order
        )
    };
}

/// A page of the list. The order is total, so that no user is on two pages.
pub async fn page(db: &impl Executor, listing: Listing<'_>, page: Page) -> Result<Vec<User>, DbError> {
    // One index, read forwards or backwards.
    const NEWEST: &str = listed!("", " limit $2 offset $3", "u.created_at desc, u.id");
    const OLDEST: &str = listed!("", " limit $2 offset $3", "u.created_at, u.id desc");
    const NEWEST_MATCHING: &str = listed!(matching!(), " limit $3 offset $4", "u.created_at desc, u.id");
    const OLDEST_MATCHING: &str = listed!(matching!(), " limit $3 offset $4", "u.created_at, u.id desc");
    let (limit, offset) = (page.limit(), page.offset());
    let rows = match listing.filter {
        None => {
            let sql = if listing.oldest_first { OLDEST } else { NEWEST };
            db.query(sql, &[&listing.audience, &limit, &offset]).await?
        }
        Some(filter) => {
            let sql = if listing.oldest_first {
                OLDEST_MATCHING
            } else {
                NEWEST_MATCHING
            };
            db.query(sql, &[&listing.audience, &filter, &limit, &offset])
                .await?
        }
    };
    rows.iter().map(|row| read_bare(row, 0)).collect()
}

/// How many users the whole list has.
pub async fn count(db: &impl Executor, listing: Listing<'_>) -> Result<u64, DbError> {
    const ALL: &str = "select count(*) from auth.users u where u.aud = $1";
    const MATCHING: &str = concat!("select count(*) from auth.users u where u.aud = $1", matching!());
    let row = match listing.filter {
        None => db.query_one(ALL, &[&listing.audience]).await?,
        Some(filter) => db.query_one(MATCHING, &[&listing.audience, &filter]).await?,
    };
    let count: i64 = row.try_get(0)?;
    Ok(count.unsigned_abs())
}
