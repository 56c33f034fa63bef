//! Texts that try to be more than data, wherever a request has room for one: they stay data, or the request is refused.

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use ferrobase_db::Executor;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::shop::{Answer, Shop, caller};

/// `@` is something whose run would leave a trace.
const TEXTS: &[&str] = &[
    "'",
    "\"",
    "\\",
    "''",
    "\\'",
    "\\\"",
    "'; @; --",
    "\"; @; --",
    "\\'; @; --",
    "'||public.trip()||'",
    "\"||public.trip()||\"",
    "') or public.trip()>0 --",
    "1); @; select (1",
    "x\"), public.trip() as \"x",
    "id\" from shop.canary; @; --",
    "*/ @; /*",
    "$$; @; $$",
    "$1",
    "$1::text); @; --",
    "U&\"\\0022\"; @; --",
    "U&'\\0027'; @; --",
    "\\u0027; @; --",
    "%27; @; --",
    "\u{2019}; @; --",
    "\u{ff07}; @; --",
    "{\"a\":\"'\"}",
    "{',\",public.trip()}",
    "(public.trip())",
    "public.trip()",
    "a->>'b'",
    "a\0b'; @; --",
    "\r\n'; @; --",
    "NULL",
    "text); @; --",
    "int) from (select public.trip()) x; --",
    "shop\"; @; --",
];

const RUNS: &[&str] = &[
    "drop table shop.canary cascade",
    "create table shop.pwned ()",
    "delete from shop.canary",
    "select public.trip()",
];

/// Where a text goes in an URL; `@` is the text, percent-encoded.
const URLS: &[&str] = &[
    "/@",
    "/rpc/@",
    "/rpc/@?a=1",
    "/rpc/add?a=@",
    "/rpc/add?a=1&@=2",
    "/rpc/greet?name=@",
    "/rpc/joined?words=@&words=b",
    "/rpc/sum_of?numbers=@",
    "/products?select=@",
    "/products?select=@:id",
    "/products?select=id::@",
    "/products?select=\"@\"",
    "/products?select=\"@\":id&order=id",
    "/products?select=attributes->@",
    "/products?select=attributes->>\"@\"",
    "/products?select=id,@(*)",
    "/products?select=id,\"@\":categories(*)",
    "/products?select=id,categories!@(*)",
    "/products?select=id,categories(\"@\":name)&order=categories(\"@\")",
    "/products?select=id,...reviews(\"@\":stars)",
    "/products?select=\"@\":price.sum()",
    "/products?@=eq.1",
    "/products?\"@\"=eq.1",
    "/products?attributes->>\"@\"=eq.1",
    "/products?name=@",
    "/products?name=eq.@",
    "/products?name=@.x",
    "/products?name=like.@",
    "/products?name=like(any).@",
    "/products?name=like(any).{\"@\"}",
    "/products?name=match.@",
    "/products?name=in.(@)",
    "/products?name=in.(\"@\")",
    "/products?name=is.@",
    "/products?name=isdistinct.@",
    "/products?name=fts.@",
    "/products?name=fts(@).x",
    "/products?name=wfts(english).@",
    "/products?id=eq.@",
    "/products?tags=cs.@",
    "/products?attributes=cs.@",
    "/products?sizes=ov.@",
    "/products?color=eq.@",
    "/products?color=in.(\"@\")",
    "/products?or=@",
    "/products?or=(name.eq.@)",
    "/products?or=(name.eq.\"@\",\"@\".eq.1)",
    "/products?@.or=(name.eq.1)",
    "/products?select=categories(name)&categories.name=eq.@",
    "/products?order=@",
    "/products?order=\"@\"",
    "/products?order=id.@",
    "/products?order=attributes->\"@\"",
    "/products?limit=@",
    "/products?offset=@",
    "/products?id=eq.1&limit=1@",
];

const JSON: &str = "application/json";

/// Method, URL, content type and body; `@` is the text as its place wants it, `\\@` the text within quotes of a filter.
const BODIES: &[(&str, &str, &str, &str)] = &[
    ("POST", "/tags", JSON, r#"{"@": 1}"#),
    ("POST", "/tags?columns=@", JSON, "{}"),
    ("POST", "/tags?columns=%22@%22", JSON, "{}"),
    ("POST", "/tags?on_conflict=@", JSON, r#"{"id": 1}"#),
    ("POST", "/tags?on_conflict=%22@%22", JSON, r#"{"id": 1}"#),
    ("POST", "/tags", "text/csv", "id,@\n1,2"),
    ("POST", "/tags", "text/csv", "id,label\n1,@"),
    ("POST", "/tags", "@", "{}"),
    ("POST", "/rpc/add", JSON, r#"{"a": "@"}"#),
    ("POST", "/rpc/add", JSON, r#"{"a": 1, "@": 2}"#),
    ("POST", "/rpc/echo", JSON, r#"{"@": "@"}"#),
    ("POST", "/rpc/shout", "text/plain", "@"),
    (
        "POST",
        "/rpc/greet",
        "application/x-www-form-urlencoded",
        "name=@",
    ),
    ("PATCH", "/canary?id=eq.0", JSON, r#"{"@": 1}"#),
    ("PATCH", "/canary?id=eq.@", JSON, r#"{"song": "x"}"#),
    ("PATCH", "/canary?song=eq.@", JSON, r#"{"song": "@"}"#),
    ("PUT", "/tags?id=eq.@", JSON, r#"{"id": "@", "label": "@"}"#),
    ("DELETE", "/canary?song=eq.@", JSON, ""),
    ("DELETE", "/canary?%22@%22=is.null", JSON, ""),
    ("DELETE", r"/canary?or=(song.eq.%22\@%22)", JSON, ""),
];

struct Attack {
    shop: Shop,
    failures: Vec<String>,
}

impl Attack {
    /// Sends a request and notes an answer that may not be.
    async fn send(&mut self, request: Request<Body>) -> Answer {
        let asked = format!("{} {} {:?}", request.method(), request.uri(), request.headers());
        let answer = self.shop.send(request).await;
        let code = answer.code();
        // Statements that were torn apart are mostly syntax errors; only types are passed on as they were written.
        let is_torn = matches!(code.as_str(), "42601" | "42P02" | "42702" | "42804")
            && !answer.is_about_a_value()
            && !asked.contains("id::");
        if answer.status >= 500 || is_torn {
            self.failures
                .push(format!("{asked}: {} {}", answer.status, answer.text));
        }
        answer
    }

    async fn urls(&mut self, text: &str) {
        let text = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        for url in URLS {
            let url = url
                .replace('"', "%22")
                .replace('{', "%7B")
                .replace('}', "%7D")
                .replace('>', "%3E");
            let request = Request::get(url.replace('@', &text)).body(Body::empty()).unwrap();
            self.send(request).await;
        }
    }

    async fn headers(&mut self, text: &str) {
        let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else {
            return;
        };
        for name in [
            "accept-profile",
            "accept",
            "range",
            "cookie",
            "x-anything",
            "prefer",
        ] {
            let request = Request::get("/tags?id=eq.1").header(name, &value);
            self.send(request.body(Body::empty()).unwrap()).await;
        }
        let zone = [b"timezone=", text.as_bytes()].concat();
        let request = Request::get("/tags").header("prefer", HeaderValue::from_bytes(&zone).unwrap());
        self.send(request.body(Body::empty()).unwrap()).await;
        let request = Request::post("/tags")
            .header("content-profile", &value)
            .body(Body::from("{}"));
        self.send(request.unwrap()).await;
    }

    /// Claims of a token, its role among them.
    async fn claims(&mut self, text: &str) {
        for claims in [
            json!({"role": text}),
            json!({"role": "customer", "customer": text, text: text}),
        ] {
            let request = Request::get("/notes").extension(caller(&claims.to_string()));
            let answer = self.shop.send(request.body(Body::empty()).unwrap()).await;
            assert!(
                answer.status >= 400 && answer.status < 500,
                "{claims}: {answer:?}"
            );
        }
    }

    async fn bodies(&mut self, text: &str) {
        let form = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let quoted = json!(text).to_string();
        let in_json = &quoted[1..quoted.len() - 1];
        let in_filter = text.replace('\\', "\\\\").replace('"', "\\\"");
        let in_filter = utf8_percent_encode(&in_filter, NON_ALPHANUMERIC).to_string();
        for (method, uri, content_type, body) in BODIES {
            let Ok(content_type) = HeaderValue::from_bytes(content_type.replace('@', text).as_bytes()) else {
                continue;
            };
            let body = match content_type.to_str() {
                Ok("application/json") => body.replace('@', in_json),
                Ok("application/x-www-form-urlencoded") => body.replace('@', &form),
                _ => body.replace('@', text),
            };
            let request = Request::builder()
                .method(*method)
                .uri(uri.replace("\\@", &in_filter).replace('@', &form))
                .header("content-type", content_type)
                .header("prefer", "tx=rollback");
            self.send(request.body(Body::from(body)).unwrap()).await;
        }
    }

    /// What is written comes back to the letter, and is found by every way of naming it.
    async fn keeps(&mut self, id: usize, text: &str) {
        let row = json!({"id": id, "body": text, "facts": {text: text}});
        let request = Request::post("/guestbook")
            .header("content-type", "application/json")
            .body(Body::from(row.to_string()));
        let answer = self.send(request.unwrap()).await;
        if text.contains('\0') {
            // PostgreSQL has no place for it.
            assert_eq!(answer.status, 400, "{text:?}: {answer:?}");
            return;
        }
        assert_eq!(answer.status, 201, "{text:?}: {answer:?}");
        let inner = text.replace('\\', "\\\\").replace('"', "\\\"");
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (plain, quoted) = (encode(text), encode(&format!("\"{inner}\"")));
        let filters = [
            format!("body=eq.{plain}"),
            format!("body=in.({quoted},nothing)"),
            format!("or=(body.eq.{quoted})"),
            format!("body=eq(any).{}", encode(&format!("{{\"{inner}\"}}"))),
            format!("facts-%3E%3E{quoted}=eq.{plain}"),
            format!("facts=cs.{}", encode(&json!({text: text}).to_string())),
        ];
        for filter in filters {
            let path = format!("/guestbook?{filter}&id=eq.{id}");
            let answer = self.send(Request::get(&path).body(Body::empty()).unwrap()).await;
            if answer.json() != Value::Array(vec![row.clone()]) {
                self.failures
                    .push(format!("{text:?} is not found by {path}: {}", answer.text));
            }
        }
    }
}

/// What there is, and whether anything ran that should not have.
async fn state(shop: &Shop) -> (Vec<String>, Vec<String>, bool) {
    let connection = shop.sql().await;
    let list = |sql: &'static str| {
        let connection = &connection;
        async move {
            let rows = connection.query(sql, &[]).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect::<Vec<String>>()
        }
    };
    let songs = list("select id || song from shop.canary order by id").await;
    let things = list(
        "select oid::regclass::text from pg_class where relnamespace::regnamespace::text !~ '^pg_' union all
         select oid::regprocedure::text from pg_proc where pronamespace::regnamespace::text !~ '^pg_' union all
         select rolname from pg_roles union all select nspname from pg_namespace where nspname !~ '^pg_' order by 1",
    )
    .await;
    let row = connection
        .query_one("select is_called from hidden.tripwire", &[])
        .await
        .unwrap();
    (songs, things, row.get(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_stay_data() {
    let shop = Shop::open("shopper").await;
    let before = state(&shop).await;
    let mut attack = Attack {
        shop,
        failures: Vec::new(),
    };
    let mut id = 0;
    for text in TEXTS {
        let runs = if text.contains('@') { RUNS } else { &[""] };
        for run in runs {
            let text = text.replace('@', run);
            id += 1;
            attack.urls(&text).await;
            attack.headers(&text).await;
            attack.claims(&text).await;
            attack.bodies(&text).await;
            attack.keeps(id, &text).await;
        }
    }
    let after = state(&attack.shop).await;
    attack.shop.close().await;
    assert!(before.0.len() == 3 && !before.2);
    assert_eq!(before, after);
    assert!(attack.failures.is_empty(), "{}", attack.failures.join("\n"));
}
