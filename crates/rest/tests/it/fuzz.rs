//! Random query strings: the grammar must not panic, and what the planner lets through must be a statement that
//! PostgreSQL understands.
//!
//! `FERROBASE_FUZZ=full` makes it a long run, a number one of so many requests; `FERROBASE_FUZZ_SEED` makes it another.

pub(crate) mod names;
pub(crate) mod random;
pub(crate) mod requests;
mod words;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use ferrobase_query::{Reading, SelectItem, parse};
use futures_util::{FutureExt as _, StreamExt as _, stream};

use self::names::Names;
use self::random::Random;
use self::requests::{Asked, encoded};
use crate::shop::{Answer, CONNECTIONS, Shop, answer};

/// SQLSTATEs of statements that are malformed, whatever the request was.
const MALFORMED: &[&str] = &[
    "42601", "42P02", "42804", "42P18", "42702", "42803", "42712", "42701", "42P09",
];

/// Most failures that are told.
const TOLD: usize = 20;

/// How many texts for the grammar, and how many requests.
fn amounts() -> (u64, u64) {
    match std::env::var("FERROBASE_FUZZ").as_deref() {
        Ok("full") => (10_000_000, 200_000),
        Ok(number) => {
            let requests = number.parse().unwrap();
            (requests * 40, requests)
        }
        Err(_) => (20_000, 500),
    }
}

fn seed() -> u64 {
    std::env::var("FERROBASE_FUZZ_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(0x5EED)
}

#[tokio::test(flavor = "multi_thread")]
async fn random_requests_are_understood_or_refused() {
    let shop = Shop::open("reader").await;
    let names = Names::read(&shop).await;
    let (texts, requests) = amounts();
    let seed = seed();
    let mut failures = read_texts(&names, seed, texts);
    let (more, statuses) = send_requests(&shop, &names, seed, requests).await;
    failures.extend(more);
    shop.close().await;
    let fine: u64 = statuses
        .iter()
        .filter(|(key, _)| key.starts_with('2'))
        .map(|(_, count)| count)
        .sum();
    assert!(
        failures.is_empty(),
        "seed {seed}, {} failures, answers {statuses:?}\n{}",
        failures.len(),
        failures.into_iter().take(TOLD).collect::<Vec<_>>().join("\n\n")
    );
    // Requests that are all refused prove nothing.
    assert!(
        fine * 3 > requests,
        "too few requests were answered: {statuses:?}"
    );
}

/// Texts that made the grammar panic.
fn read_texts(names: &Names, seed: u64, count: u64) -> Vec<String> {
    let next = AtomicU64::new(0);
    let failures = Mutex::new(Vec::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return;
            }
            let mut random = Random::of(seed, index);
            let asked = Asked::random(&mut random, names);
            let text = if random.chance(50) {
                encoded(&asked.query)
            } else {
                asked.query
            };
            let reading = *random.pick(&[Reading::Filters, Reading::Arguments]);
            let read = std::panic::catch_unwind(|| parse(&text, reading).is_ok());
            if read.is_err() {
                failures
                    .lock()
                    .unwrap()
                    .push(format!("text {index}: parse({text:?}, {reading:?}) panics"));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    failures.into_inner().unwrap()
}

/// Requests whose answers may not be, and how often each status and code came.
async fn send_requests(
    shop: &Shop,
    names: &Names,
    seed: u64,
    count: u64,
) -> (Vec<String>, BTreeMap<String, u64>) {
    let mut statuses = BTreeMap::new();
    let mut failures = Vec::new();
    let answers = stream::iter(0..count).map(|index| {
        let asked = Asked::random(&mut Random::of(!seed, index), names);
        let sent = tokio::spawn(AssertUnwindSafe(answer(shop.router(), asked.request())).catch_unwind());
        async move { (index, asked, sent.await) }
    });
    let mut answers = answers.buffer_unordered(CONNECTIONS * 2);
    while let Some((index, asked, answer)) = answers.next().await {
        let wrong = match answer {
            Ok(Ok(answer)) => {
                let key = format!("{} {}", answer.status, answer.code());
                *statuses.entry(key).or_insert(0) += 1;
                is_wrong(&asked, &answer).then_some(answer.text)
            }
            _ => Some("panic".to_owned()),
        };
        if let Some(text) = wrong {
            failures.push(format!("request {index}: {asked:?}\n{text}"));
        }
    }
    (failures, statuses)
}

/// Whether an answer says that the statement was wrong, not the request.
fn is_wrong(asked: &Asked, answer: &Answer) -> bool {
    let code = answer.code();
    // A statement that takes long is stopped by the role's own limit; into some views nothing can be written.
    if answer.status >= 500 {
        return !matches!(code.as_str(), "57014" | "55000");
    }
    if !MALFORMED.contains(&code.as_str()) {
        return false;
    }
    let asks = |text: &str| asked.query.contains(text);
    match code.as_str() {
        // Types are passed on as they were written.
        "42601" => !answer.is_about_a_value() && !asks("::"),
        // A name ends at a NUL; what is left may be an aggregate's. So may be the name of a column that is filtered by: to
        // PostgreSQL `t.count` is `count(t)`. We write no aggregates there.
        "42803" => !asks("()") && !asks("\0") && !answer.text.contains("not allowed in WHERE"),
        // IS TRUE takes truth values only, and between numbers `<<` is a shift.
        "42804" => !asks("is.") && !asks("sl.") && !asks("sr."),
        "42702" => !repeats_keys(asked),
        _ => true,
    }
}

/// Whether some related rows show two columns under one name: then nothing says which of them is meant.
fn repeats_keys(asked: &Asked) -> bool {
    fn repeats(items: &[SelectItem]) -> bool {
        let mut keys = Vec::new();
        let mut has_unknown = false;
        for item in items {
            match item {
                SelectItem::Star => has_unknown = true,
                SelectItem::Field(field) => {
                    let name = field.field.as_ref().map(|field| &field.name);
                    keys.extend(field.alias.as_ref().or(name).cloned());
                }
                SelectItem::Embed(embed) => {
                    keys.push(embed.alias.as_ref().unwrap_or(&embed.target).clone());
                    if repeats(&embed.items) {
                        return true;
                    }
                }
                SelectItem::Spread(embed) => {
                    has_unknown = true;
                    if repeats(&embed.items) {
                        return true;
                    }
                }
            }
        }
        let count = keys.len();
        keys.sort_unstable();
        keys.dedup();
        keys.len() < count || (has_unknown && items.len() > 1)
    }
    let query = parse(&encoded(&asked.query), Reading::Arguments).unwrap_or_default();
    query.select.is_some_and(|items| repeats(&items))
}
