//! The page, and the bodies of messages on their own.

use super::api::not_found;
use super::store::Inbox;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use data_encoding::BASE64;
use ferrobase_jwt::sha256;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const PAGE: &str = include_str!("page.html");

/// The page runs its own script and style and nothing else; messages are shown in frames with a policy of their own.
static PAGE_POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |tag: &str| {
        let inside = PAGE
            .split_once(&format!("<{tag}>"))
            .and_then(|(_, rest)| rest.split_once(&format!("</{tag}>")));
        format!(
            "'sha256-{}'",
            BASE64.encode(&sha256(inside.unwrap_or_default().0.as_bytes()))
        )
    };
    format!(
        "default-src 'none'; script-src {}; style-src {}; img-src data:; connect-src 'self'; frame-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style")
    )
});

/// A message may look as it likes but runs nothing, submits nothing and is framed by the page alone.
const MESSAGE_POLICY: &str = "default-src 'none'; img-src http: https: data:; media-src http: https: data:; \
     font-src http: https: data:; style-src 'unsafe-inline' http: https:; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'";

/// Put in front of a message in the page's frame: links open in a tab of their own, without access to the page.
const EMBED: &str = r#"<base target="_blank"><meta name="referrer" content="no-referrer">"#;
/// For messages without a style of their own, which are shown in the serif of another century otherwise.
const PLAIN_STYLE: &str = "<style>body{margin:24px;font:15px/1.6 system-ui,sans-serif;color:#1c2024}\
     h1,h2,h3{line-height:1.25;margin:0 0 12px}p{margin:0 0 12px}a{color:#0b66c3}</style>";

pub(super) fn routes() -> Router<Inbox> {
    Router::new()
        .route("/", get(page))
        .route("/view/{file}", get(view))
}

async fn page() -> Response {
    ([(CONTENT_SECURITY_POLICY, PAGE_POLICY.as_str())], Html(PAGE)).into_response()
}

/// `/view/{id}.html` and `/view/{id}.txt`; `?embed=1` is for frames.
async fn view(
    State(inbox): State<Inbox>,
    Path(file): Path<String>,
    Query(options): Query<BTreeMap<String, String>>,
) -> Response {
    let Some((id, kind)) = file.rsplit_once('.') else {
        return not_found();
    };
    let Some(message) = inbox.get(id) else {
        return not_found();
    };
    match kind {
        "html" if !message.html.is_empty() => {
            let embed = options.get("embed").is_some_and(|value| value == "1");
            let html = if embed {
                embedded(&message.html)
            } else {
                message.html.clone()
            };
            ([(CONTENT_SECURITY_POLICY, MESSAGE_POLICY)], Html(html)).into_response()
        }
        "txt" => (
            [(CONTENT_TYPE, "text/plain; charset=utf-8")],
            message.text.clone(),
        )
            .into_response(),
        _ => not_found(),
    }
}

fn embedded(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let head = lower
        .find("<head")
        .and_then(|at| lower[at..].find('>').map(|end| at + end + 1));
    match head {
        Some(at) => format!("{}{EMBED}{}", &html[..at], &html[at..]),
        None => {
            let style = if lower.contains("<style") || lower.contains("<body") {
                ""
            } else {
                PLAIN_STYLE
            };
            format!("<!doctype html><meta charset=\"utf-8\">{EMBED}{style}{html}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_stands_alone_and_is_small() {
        assert!(PAGE.len() < 25 * 1024, "{} bytes", PAGE.len());
        assert_eq!(PAGE.matches("<script>").count(), 1);
        assert_eq!(PAGE.matches("<style>").count(), 1);
        assert!(
            !PAGE.contains(" style=") && !PAGE.contains(" onclick="),
            "the policy forbids inline attributes"
        );
        assert!(
            !PAGE.contains("innerHTML"),
            "messages are only ever text in the page"
        );
    }

    #[test]
    fn embedding_keeps_the_document() {
        assert_eq!(
            embedded("<html><HEAD lang=x><title>t</title></head></html>"),
            format!("<html><HEAD lang=x>{EMBED}<title>t</title></head></html>")
        );
        assert!(embedded("<p>x</p>").starts_with("<!doctype html>"));
    }
}
