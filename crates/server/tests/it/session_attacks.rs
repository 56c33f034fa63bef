//! Stolen, replayed and planted sessions. Each test names the defence.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::Method;
use data_encoding::BASE64URL_NOPAD;
use ferrobase_db::Executor;
use ferrobase_testkit::{Answer, Backend};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse 1";
/// Both kinds of refresh tokens. No second chance by time, so that nothing here depends on a clock.
const KINDS: [(&str, &str); 2] = [
    ("table", "[auth]\nrefresh_token_reuse_interval = 0\n"),
    (
        "counter",
        "[auth]\nrefresh_token_reuse_interval = 0\nrefresh_token_algorithm_version = 2\n",
    ),
];

async fn call(backend: &Backend, path: &str, token: Option<&str>, body: Value) -> Answer {
    let path = format!("/auth/v1/{path}");
    backend.send(Method::POST, &path, token, Some(&body)).await
}

async fn sign_up(backend: &Backend, email: &str) -> Value {
    let answer = call(
        backend,
        "signup",
        None,
        json!({ "email": email, "password": PASSWORD }),
    )
    .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json
}

async fn refresh(backend: &Backend, token: &str) -> Answer {
    let body = json!({ "refresh_token": token });
    call(backend, "token?grant_type=refresh_token", None, body).await
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap().to_owned()
}

fn claims(answer: &Value) -> Value {
    let token = text(answer, "access_token");
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(payload.as_bytes()).unwrap()).unwrap()
}

fn refused(answer: &Answer) -> (u16, &str) {
    (
        answer.status,
        answer.json["error_code"].as_str().unwrap_or_default(),
    )
}

/// Defence: rotation. A token that was exchanged and whose successor was exchanged, too, comes back only from a thief, or
/// from the one who was robbed: the server cannot tell which, so the whole session ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_refresh_token_ends_the_session_of_both() {
    for (kind, config) in KINDS {
        let backend = Backend::start(config).await;
        let stolen = text(&sign_up(&backend, "ann@example.com").await, "refresh_token");
        // Both use it: one goes on from there, the other comes back later with what it has.
        let first = refresh(&backend, &stolen).await;
        assert_eq!(first.status, 200, "{kind}: {}", first.text);
        let second = refresh(&backend, &text(&first.json, "refresh_token")).await;
        assert_eq!(second.status, 200, "{kind}: {}", second.text);
        let current = text(&second.json, "refresh_token");
        let replay = refresh(&backend, &stolen).await;
        assert_eq!(
            refused(&replay),
            (400, "refresh_token_already_used"),
            "{kind}: {}",
            replay.text
        );
        let ended = refresh(&backend, &current).await;
        assert_eq!(ended.status, 400, "{kind}: the session went on: {}", ended.text);
        for token in [&stolen, &current, &text(&first.json, "refresh_token")] {
            assert_eq!(refresh(&backend, token).await.status, 400, "{kind}");
        }
        backend.stop().await;
    }
}

/// Defence: the exchange is atomic. However many come at once with one token, there is one successor, and one line of
/// tokens goes on.
#[tokio::test(flavor = "multi_thread")]
async fn one_token_has_one_successor() {
    for (kind, config) in KINDS {
        let backend = Arc::new(Backend::start(config).await);
        let token = text(&sign_up(&backend, "ann@example.com").await, "refresh_token");
        let requests = (0..16).map(|_| {
            let (backend, token) = (backend.clone(), token.clone());
            tokio::spawn(async move { refresh(&backend, &token).await })
        });
        let mut successors = BTreeSet::new();
        for request in requests.collect::<Vec<_>>() {
            let answer = request.await.unwrap();
            assert_eq!(answer.status, 200, "{kind}: {}", answer.text);
            successors.insert(text(&answer.json, "refresh_token"));
        }
        assert_eq!(successors.len(), 1, "{kind}");
        assert!(!successors.contains(&token), "{kind}");
        let rows = backend
            .sql()
            .query("select 1 from auth.refresh_tokens where not revoked", &[])
            .await
            .unwrap();
        assert!(rows.len() <= 1, "{kind}: {} tokens are good", rows.len());
        Arc::into_inner(backend).unwrap().stop().await;
    }
}

/// Defence: counter tokens are signed with a key of their session. No change of a letter makes another good one.
#[tokio::test(flavor = "multi_thread")]
async fn counter_tokens_cannot_be_changed() {
    let (_, config) = KINDS[1];
    let backend = Backend::start(config).await;
    let ann = text(&sign_up(&backend, "ann@example.com").await, "refresh_token");
    let bob = text(&sign_up(&backend, "bob@example.com").await, "refresh_token");
    let decode = |token: &str| BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
    let (ann_bytes, bob_bytes) = (decode(&ann), decode(&bob));
    let mut forged: Vec<Vec<u8>> = (0..ann_bytes.len())
        .map(|place| {
            let mut bytes = ann_bytes.clone();
            bytes[place] ^= 1;
            bytes
        })
        .collect();
    // The other session's name under this one's signature, with a checksum that is right.
    let mut mixed = bob_bytes[..18].to_vec();
    mixed.extend_from_slice(&ann_bytes[18..34]);
    let checksum = ferrobase_jwt::sha256(&mixed);
    mixed.extend_from_slice(&checksum[..4]);
    assert_eq!(
        mixed.len(),
        ann_bytes.len(),
        "the layout of the specification's section 5.5"
    );
    forged.push(mixed);
    for bytes in forged {
        let answer = refresh(&backend, &BASE64URL_NOPAD.encode(&bytes)).await;
        assert!(
            matches!(
                refused(&answer),
                (400, "validation_failed" | "refresh_token_not_found")
            ),
            "{}",
            answer.text
        );
    }
    for token in [&ann, &bob] {
        assert_eq!(refresh(&backend, token).await.status, 200);
    }
    backend.stop().await;
}

/// Defence: signing out deletes the session. Neither of its tokens opens anything of the account any more.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_end_with_their_session() {
    for (kind, config) in KINDS {
        let backend = Backend::start(config).await;
        for scope in ["global", "local"] {
            let session = sign_up(&backend, &format!("{scope}@example.com")).await;
            let access = text(&session, "access_token");
            let out = call(
                &backend,
                &format!("logout?scope={scope}"),
                Some(&access),
                json!({}),
            )
            .await;
            assert_eq!(out.status, 204, "{kind}: {}", out.text);
            let again = refresh(&backend, &text(&session, "refresh_token")).await;
            assert_eq!(again.status, 400, "{kind}: {}", again.text);
            let user = backend
                .send(Method::GET, "/auth/v1/user", Some(&access), None)
                .await;
            assert_eq!(refused(&user), (403, "session_not_found"), "{kind}");
        }
        backend.stop().await;
    }
}

/// Defence: every sign-in opens a session of its own, with an id and tokens that the server draws. What a request brings
/// along (a bearer, fields, headers, cookies that somebody planted) has no say in it.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_chooses_the_session_of_a_sign_in() {
    for (kind, config) in KINDS {
        let backend = Backend::start(config).await;
        sign_up(&backend, "victim@example.com").await;
        let planted = sign_up(&backend, "attacker@example.com").await;
        let planted_id = claims(&planted)["session_id"].clone();
        let bearer = text(&planted, "access_token");
        let body = json!({
            "email": "victim@example.com", "password": PASSWORD, "session_id": planted_id,
            "refresh_token": planted["refresh_token"], "data": { "session_id": planted_id },
        });
        let headers = vec![
            ("apikey".to_owned(), backend.endpoints().anon_key.clone()),
            ("authorization".to_owned(), format!("Bearer {bearer}")),
            (
                "cookie".to_owned(),
                format!(
                    "sb-access-token={bearer}; sb-refresh-token={}",
                    text(&planted, "refresh_token")
                ),
            ),
            ("x-session-id".to_owned(), planted_id.as_str().unwrap().to_owned()),
        ];
        let path = "/auth/v1/token?grant_type=password";
        let signed_in = backend
            .raw(Method::POST, path, headers, body.to_string().into_bytes())
            .await;
        assert_eq!(signed_in.status, 200, "{kind}: {}", signed_in.text);
        let now = claims(&signed_in.json);
        assert_ne!(now["session_id"], planted_id, "{kind}");
        assert_eq!(now["email"], "victim@example.com", "{kind}");
        assert_ne!(
            signed_in.json["refresh_token"], planted["refresh_token"],
            "{kind}"
        );
        // Whoever planted something still has its own session, and only that.
        let theirs = refresh(&backend, &text(&planted, "refresh_token")).await;
        assert_eq!(claims(&theirs.json)["email"], "attacker@example.com", "{kind}");
        backend.stop().await;
    }
}

/// Defence: PKCE. A code belongs to who began the flow: a link with the attacker's code signs nobody else in, and a
/// stolen code is worth nothing without the verifier.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_belongs_to_who_began_the_flow() {
    let backend = Backend::start("").await;
    sign_up(&backend, "attacker@example.com").await;
    let service = backend.endpoints().service_role_key.clone();
    let challenge = BASE64URL_NOPAD.encode(&ferrobase_jwt::sha256(
        b"a verifier that only the attacker's browser has, fine",
    ));
    let body = json!({ "email": "attacker@example.com", "code_challenge": challenge, "code_challenge_method": "s256" });
    assert_eq!(call(&backend, "otp", None, body).await.status, 200);
    let rows = backend
        .sql()
        .query("select token_hash from auth.one_time_tokens", &[])
        .await
        .unwrap();
    let hash: String = rows[0].try_get(0).unwrap();
    let link = format!("/auth/v1/verify?token={hash}&type=magiclink");
    let arrived = backend.send(Method::GET, &link, Some(&service), None).await;
    let location = arrived.headers["location"].to_str().unwrap().to_owned();
    assert!(!location.contains("access_token"), "{location}");
    let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap();
    for verifier in [
        "",
        "a verifier of the victim's browser, which began another flow",
        &challenge,
    ] {
        let body = json!({ "auth_code": code, "code_verifier": verifier });
        let answer = call(&backend, "token?grant_type=pkce", None, body).await;
        assert_eq!(answer.status, 400, "{verifier}: {}", answer.text);
    }
    let body = json!({ "auth_code": code, "code_verifier": "a verifier that only the attacker's browser has, fine" });
    let answer = call(&backend, "token?grant_type=pkce", None, body.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let replay = call(&backend, "token?grant_type=pkce", None, body).await;
    assert_eq!(refused(&replay), (404, "flow_state_not_found"));
    backend.stop().await;
}
