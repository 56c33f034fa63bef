//! Tokens that outlive their roles, and schemas that are gone.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;

use crate::api::{Api, by, get, post};

const LIMIT: Duration = Duration::from_secs(2);

fn trace() -> Request<Body> {
    post("/rpc/trace_me", "{}")
}

#[tokio::test]
async fn a_role_that_is_dropped_is_refused_at_once() {
    let api = Api::open().await;
    assert_eq!(api.send(by("leaver", trace())).await.text, "\"leaver\"");
    let drop = "drop owned by leaver; drop role leaver";
    api.sql().await.batch(drop).await.unwrap();
    for request in [get("/item"), trace(), get("/rpc/rows?count=1")] {
        let refused = api.send(by("leaver", request)).await;
        assert_eq!((refused.status, &*refused.code()), (401, "22023"), "{refused:?}");
        assert_eq!(refused.json()["message"], "role \"leaver\" does not exist");
        assert_eq!(refused.headers["www-authenticate"], "Bearer");
    }
    assert_eq!(api.number("select count(*) from api.trace").await, 1);
    api.close().await;
}

#[tokio::test]
async fn what_is_no_role_of_callers_does_nothing() {
    let api = Api::open().await;
    let cases = [
        ("ghost", 401, "22023"),
        ("", 401, "22023"),
        ("Visitor", 401, "22023"),
        ("visitor; reset role", 401, "22023"),
        ("'\"\\", 401, "22023"),
        ("stranger", 403, "42501"),
        ("supabase_admin", 403, "42501"),
        ("pg_read_all_data", 403, "42501"),
    ];
    for (role, status, code) in cases {
        for request in [trace(), get("/item")] {
            let refused = api.send(by(role, request)).await;
            assert_eq!(
                (refused.status, &*refused.code()),
                (status, code),
                "{role}: {refused:?}"
            );
        }
    }
    assert_eq!(api.number("select count(*) from api.trace").await, 0);
    assert_eq!(api.send(trace()).await.text, "\"visitor\"");
    api.close().await;
}

/// `SET ROLE none` would go back to the login.
#[tokio::test]
async fn none_is_no_role() {
    let api = Api::open().await;
    api.sql()
        .await
        .batch("grant all on api.trace to gate")
        .await
        .unwrap();
    let refused = api.send(by("none", trace())).await;
    assert_eq!(
        api.number("select count(*) from api.trace").await,
        0,
        "it ran as the login: {refused:?}"
    );
    assert_eq!((refused.status, &*refused.code()), (401, "22023"), "{refused:?}");
    api.close().await;
}

#[tokio::test]
async fn a_schema_that_is_gone_is_told_as_what_it_was() {
    let api = Api::open().await;
    let part = || {
        let mut request = get("/part");
        request
            .headers_mut()
            .insert("accept-profile", "spare".parse().unwrap());
        request
    };
    assert_eq!(api.send(part()).await.status, 200);
    api.sql().await.batch("drop schema spare cascade").await.unwrap();
    // The cache still knows it, the database does not.
    let gone = api.send(part()).await;
    assert_eq!((gone.status, &*gone.code()), (404, "42P01"), "{gone:?}");
    api.sql()
        .await
        .batch("notify pgrst, 'reload schema'")
        .await
        .unwrap();
    let is_unknown = |answer: &crate::api::Answer| answer.status == 404 && answer.code() == "PGRST205";
    assert!(api.becomes(LIMIT, part(), is_unknown).await);
    let unknown = api.send(part()).await;
    assert_eq!(
        unknown.json()["message"],
        "Could not find the table 'spare.part' in the schema cache"
    );
    // The other schema is as before, and a schema that comes back is served again.
    assert_eq!(api.send(get("/item")).await.status, 200);
    let back =
        "create schema spare; create table spare.part (id int); grant usage on schema spare to visitor;
                grant select on spare.part to visitor; notify pgrst";
    api.sql().await.batch(back).await.unwrap();
    assert!(api.becomes(LIMIT, part(), |answer| answer.status == 200).await);
    api.close().await;
}
