//! `written.rs` is what the generator writes for the schema; `UPDATE_WRITTEN=1` writes it anew.

use ferrobase_db::Executor;
use ferrobase_typegen::Language;
use serde_json::{Value, from_value, json, to_value};

use crate::Database;
use crate::written::{public, shop};

const WRITTEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/written.rs");

const ROWS: &str = r#"
    insert into shop.customers (required_by_domain, email, mood, other_mood, secrets, tags, home, addresses, place, settings, documents, big, amount, ratio,
        flag, every, address, bits, "1st", another_name_as_long_as_postgresql_allows_for_identifiers_is_63, span)
    values (1, 'ann@example.com', 'it''s "bad"', 'dark', '{a,b}', '{x}', ('Main St', null, '{happy}', 'b'),
        array[('', '', '{}', null)::shop.address], (1, 2.5, null), '{"a": [1]}', array['null'::jsonb, '{}'], 9007199254740993,
        12345678.90, 0.5, true, '1 day', '10.0.0.1', '101', 7, '3', '[1,5)');
    insert into shop.profiles (customer_id) values (1);
"#;

#[tokio::test]
async fn what_is_written_compiles_and_reads_rows() {
    let database = Database::start().await;
    let text = database.types(&["shop", "public"], &Language::Rust).await;
    if std::env::var_os("UPDATE_WRITTEN").is_some() {
        std::fs::write(WRITTEN, &text).unwrap();
    }
    let expected = std::fs::read_to_string(WRITTEN).unwrap();
    assert!(
        text == expected,
        "tests/it/written.rs is stale: run with UPDATE_WRITTEN=1"
    );

    database.pool.get().await.unwrap().batch(ROWS).await.unwrap();
    let customer = row(&database, "select to_json(c)::text from shop.customers c").await;
    let ann: shop::CustomersRow = from_value(customer.clone()).unwrap();
    assert_eq!(ann.mood, shop::Mood::ItSBad);
    assert_eq!(ann.big, 9_007_199_254_740_993);
    assert_eq!(ann.home.as_ref().unwrap().moods, Some(vec![shop::Mood::Happy]));
    assert_eq!(ann.span.as_deref(), Some("[1,5)"));
    assert_eq!(ann._1st, Some(7));
    // What was read is written as it came: nothing is lost on the way.
    assert_eq!(to_value(&ann).unwrap(), customer);

    let table = row(&database, "select to_json(t)::text from shop.returns_table() t").await;
    let returned: shop::ReturnsTableReturns = vec![from_value(table).unwrap()];
    assert_eq!(returned.first().unwrap().a_b.as_deref(), Some(""));
    database.stop().await;
}

async fn row(database: &Database, sql: &str) -> Value {
    let row = database.pool.query_one(sql, &[]).await.unwrap();
    serde_json::from_str(row.get(0)).unwrap()
}

#[test]
fn what_is_left_out_is_not_written_and_null_is() {
    let update = shop::ProfilesUpdate {
        nickname: Some(None),
        by_default: Some(3),
        ..shop::ProfilesUpdate::default()
    };
    assert_eq!(
        to_value(&update).unwrap(),
        json!({ "nickname": null, "by_default": 3 })
    );
    let city = public::CitiesInsert {
        id: 1,
        country_id: 2,
        name: None,
        population: Some(Some(5)),
    };
    assert_eq!(
        to_value(&city).unwrap(),
        json!({ "id": 1, "country_id": 2, "population": 5 })
    );
    let call = shop::WithArgumentsArgs {
        a: 1,
        B_b: "x".to_owned(),
        c: None,
        d: Some(shop::Mood::SoSo),
    };
    assert_eq!(
        to_value(&call).unwrap(),
        json!({ "a": 1, "B b": "x", "d": "so so" })
    );
}
