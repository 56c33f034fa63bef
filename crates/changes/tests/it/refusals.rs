//! Subscriptions that are not possible.

use serde_json::json;

use crate::backend::{Backend, filtered, table};

#[tokio::test]
async fn what_cannot_be_subscribed_to_is_said() {
    let backend = Backend::start(
        "create table t (n int primary key, a text, doc jsonb, secret text);
         create table unpublished (n int primary key);
         revoke all on t from anon;
         grant select (n, a, doc) on t to anon;
         alter publication supabase_realtime add table t;",
    )
    .await;
    let unable = "error: Unable to subscribe to changes with given parameters.";
    for (binding, wanted) in [
        (
            table("unpublished"),
            format!(
                "{unable} Please check Realtime is enabled for the given connect parameters: \
                 [event: *, schema: public, table: unpublished, filters: [], select: nil]"
            ),
        ),
        (
            filtered("t", "b=eq.1"),
            "Exception: invalid column for filter b".to_owned(),
        ),
        (
            filtered("t", "secret=eq.1"),
            "Exception: invalid column for filter secret".to_owned(),
        ),
        (
            filtered("t", "n=eq.x"),
            "Exception: invalid input syntax for type integer: \"x\"".to_owned(),
        ),
        (
            filtered("t", "doc=eq.{"),
            "Exception: invalid input syntax for type json".to_owned(),
        ),
        (
            filtered("t", "n=like.1%"),
            "Exception: operator does not exist: integer ~~ text".to_owned(),
        ),
        (
            filtered("t", "a=match.("),
            "Exception: invalid regular expression: parentheses () not balanced".to_owned(),
        ),
        (
            filtered("t", "n"),
            "error: Error parsing `filter` params: ".to_owned(),
        ),
        (
            json!({ "event": "*" }),
            "error: No subscription params provided.".to_owned(),
        ),
        (
            json!({ "event": "*", "schema": "public", "table": "t", "select": ["secret"] }),
            "Exception: invalid column for select secret".to_owned(),
        ),
    ] {
        let listener = backend.listen("anon", "x", std::slice::from_ref(&binding));
        let heard = listener.system().await;
        assert!(heard.contains(&wanted), "{binding}: {heard}");
    }
    // All bindings or none.
    let listener = backend.listen("anon", "x", &[table("t"), table("unpublished")]);
    assert!(listener.system().await.starts_with(unable));
    let listener = backend.listen("nobody", "x", &[table("t")]);
    assert!(
        listener
            .system()
            .await
            .ends_with("role \"nobody\" does not exist")
    );
    backend.stop().await;
}
