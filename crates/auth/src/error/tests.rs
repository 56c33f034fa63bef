#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn bodies_of_both_versions() {
    let refused = AuthError::validation("no");
    assert_eq!(
        refused.body(ApiVersion::Initial, "r"),
        json!({"code": 400, "error_code": "validation_failed", "msg": "no"})
    );
    assert_eq!(
        refused.body(ApiVersion::V20240101, "r"),
        json!({"code": "validation_failed", "message": "no"})
    );

    let weak = AuthError::WeakPassword {
        message: "short".into(),
        reasons: vec!["length"],
    };
    assert_eq!(
        weak.body(ApiVersion::Initial, "r"),
        json!({"code": 422, "error_code": "weak_password", "msg": "short", "weak_password": {"reasons": ["length"]}})
    );
    assert_eq!(
        weak.body(ApiVersion::V20240101, "r"),
        json!({"code": "weak_password", "message": "short", "weak_password": {"reasons": ["length"]}})
    );

    let oauth = AuthError::oauth("invalid_grant", "x");
    assert_eq!(
        oauth.body(ApiVersion::V20240101, "r"),
        json!({"error": "invalid_grant", "error_description": "x"})
    );
}

#[test]
fn internal_errors_show_the_fixed_text_and_the_request_id() {
    let internal = AuthError::internal(std::io::Error::other("secret detail"));
    let body = internal.body(ApiVersion::Initial, "req-1");
    assert_eq!(
        body,
        json!({"code": 500, "error_code": "unexpected_failure", "msg": UNEXPECTED, "error_id": "req-1"})
    );
    assert!(
        !internal
            .body(ApiVersion::V20240101, "req-1")
            .to_string()
            .contains("secret")
    );
}

#[test]
fn version_header() {
    let version = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(VERSION_HEADER, text.parse().unwrap());
        ApiVersion::of(&headers)
    };
    assert_eq!(ApiVersion::of(&HeaderMap::new()), ApiVersion::Initial);
    assert_eq!(version("2023-12-31"), ApiVersion::Initial);
    assert_eq!(version("soon"), ApiVersion::Initial);
    assert_eq!(version("2024-01-01"), ApiVersion::V20240101);
    assert_eq!(version("2025-06-30"), ApiVersion::V20240101);
}
