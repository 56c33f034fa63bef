//! Requests, each with the SQL that says what its answer is.

mod aggregating;
mod calling;
mod embedding;
mod filtering;
mod reading;
mod writing;

use axum::body::Body;
use axum::http::Request;
use ferrobase_db::{Executor, Row};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

use crate::shop::{Answer, Shop, caller};

/// What is expected.
#[derive(Debug, Clone, Copy)]
enum Expected {
    /// An array of this query's rows.
    Rows(&'static str),
    /// This query's JSON value.
    Json(&'static str),
    /// This query's text, to the letter.
    Text(&'static str),
    /// An error with this code.
    Error(&'static str),
    /// An empty body.
    Nothing,
}

/// A request and what is expected of it.
#[derive(Debug, Clone)]
struct Case {
    method: &'static str,
    path: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    claims: Option<&'static str>,
    body: &'static str,
    status: u16,
    range: Option<&'static str>,
    answered: Vec<(&'static str, &'static str)>,
    expected: Expected,
}

fn rows(sql: &'static str) -> Expected {
    Expected::Rows(sql)
}

fn json(sql: &'static str) -> Expected {
    Expected::Json(sql)
}

fn text(sql: &'static str) -> Expected {
    Expected::Text(sql)
}

fn get(path: &'static str, expected: Expected) -> Case {
    Case {
        method: "GET",
        path,
        headers: Vec::new(),
        claims: None,
        body: "",
        status: 200,
        range: None,
        answered: Vec::new(),
        expected,
    }
}

fn call(path: &'static str, body: &'static str, expected: Expected) -> Case {
    Case {
        method: "POST",
        body,
        ..get(path, expected)
    }
}

/// A write whose rows come back, and which is undone.
fn write(method: &'static str, path: &'static str, body: &'static str, expected: Expected) -> Case {
    Case {
        method,
        body,
        ..get(path, expected)
    }
    .prefer("return=representation")
    .undone()
}

/// A write whose rows do not come back, and which is undone.
fn bare_write(method: &'static str, path: &'static str, body: &'static str, expected: Expected) -> Case {
    Case {
        method,
        body,
        ..get(path, expected)
    }
    .undone()
}

impl Case {
    fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    fn prefer(self, preference: &'static str) -> Self {
        self.header("Prefer", preference)
    }

    fn undone(self) -> Self {
        self.prefer("tx=rollback")
    }

    fn profile(self, schema: &'static str) -> Self {
        self.header("Accept-Profile", schema)
            .header("Content-Profile", schema)
    }

    fn claims(mut self, claims: &'static str) -> Self {
        self.claims = Some(claims);
        self
    }

    fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    fn range(mut self, range: &'static str) -> Self {
        self.range = Some(range);
        self
    }

    /// A header of the answer.
    fn answers(mut self, name: &'static str, value: &'static str) -> Self {
        self.answered.push((name, value));
        self
    }

    fn request(&self) -> Request<Body> {
        let mut request = Request::builder().method(self.method).uri(encoded(self.path));
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        if !self.body.is_empty() && self.headers.iter().all(|(name, _)| *name != "Content-Type") {
            request = request.header("Content-Type", "application/json");
        }
        if let Some(claims) = self.claims {
            request = request.extension(caller(claims));
        }
        request.body(Body::from(self.body)).unwrap()
    }

    /// What is wrong with an answer.
    async fn judge(&self, shop: &Shop, answer: &Answer) -> Result<(), String> {
        if answer.status != self.status {
            return Err(format!(
                "{} instead of {}: {}",
                answer.status, self.status, answer.text
            ));
        }
        let range = answer
            .headers
            .get("content-range")
            .map(|range| range.to_str().unwrap());
        if self.range.is_some() && range != self.range {
            return Err(format!("Content-Range {range:?} instead of {:?}", self.range));
        }
        for (name, value) in &self.answered {
            let found = answer.headers.get(*name).map(|value| value.to_str().unwrap());
            if found != Some(value) {
                return Err(format!("{name} {found:?} instead of {value:?}"));
            }
        }
        let wanted = match self.expected {
            Expected::Rows(sql) => {
                read(
                    shop,
                    &format!("select coalesce(json_agg(t), '[]')::text from ({sql}) t"),
                )
                .await
            }
            Expected::Json(sql) | Expected::Text(sql) => read(shop, sql).await,
            Expected::Error(code) if answer.code() == code => return Ok(()),
            Expected::Error(code) => return Err(format!("no {code}: {}", answer.text)),
            Expected::Nothing => Some(String::new()),
        }
        .unwrap_or_default();
        let is_same = match self.expected {
            Expected::Rows(_) | Expected::Json(_) => {
                let wanted: Value = serde_json::from_str(&wanted).unwrap_or_default();
                !answer.text.is_empty() && wanted == answer.json()
            }
            _ => wanted == answer.text,
        };
        if is_same {
            return Ok(());
        }
        Err(format!("\n  answer   {}\n  expected {wanted}", answer.text))
    }
}

/// Blanks, quotes, braces and what is not ASCII, as a client would send them.
fn encoded(path: &str) -> String {
    const SENT: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'<')
        .add(b'>')
        .add(b'{')
        .add(b'}')
        .add(b'|')
        .add(b'\\')
        .add(b'^')
        .add(b'`');
    utf8_percent_encode(path, SENT).to_string()
}

/// The only value of a query, which is undone.
async fn read(shop: &Shop, sql: &str) -> Option<String> {
    let mut connection = shop.sql().await;
    let transaction = connection.begin().await.unwrap();
    transaction
        .execute("set local search_path = shop, forum, public", &[])
        .await
        .unwrap();
    let row: Row = match transaction.query_one(sql, &[]).await {
        Ok(row) => row,
        Err(error) => panic!("{sql}: {error:?}"),
    };
    let value = if sql.starts_with("select coalesce") {
        row.get::<_, Option<String>>(0)
    } else {
        match row.try_get::<_, Option<Value>>(0) {
            Ok(value) => value.map(|value| value.to_string()),
            Err(_) => row.get(0),
        }
    };
    transaction.rollback().await.unwrap();
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_what_sql_says() {
    let shop = Shop::open("shopper").await;
    let cases = [
        reading::cases(),
        filtering::cases(),
        embedding::cases(),
        aggregating::cases(),
        calling::cases(),
        writing::cases(),
    ]
    .concat();
    assert!(cases.len() >= 100, "{}", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        let answer = shop.send(case.request()).await;
        if let Err(failure) = case.judge(&shop, &answer).await {
            failures.push(format!("{} {}: {failure}", case.method, case.path));
        }
    }
    shop.close().await;
    assert!(
        failures.is_empty(),
        "{} of {} failed\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}
