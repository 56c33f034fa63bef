//! SQLSTATE → HTTP status (rest.md section 18).

use ferrobase_db::ServerError;
use http::StatusCode;

/// The status of an error that the database reports.
pub(super) fn status(error: &ServerError, is_anonymous: bool) -> StatusCode {
    let code = error.code.as_str();
    let class = code.get(..2).unwrap_or_default();
    match (class, code) {
        ("08" | "53", _) | (_, "57P01") if code != "53400" => StatusCode::SERVICE_UNAVAILABLE,
        ("0L" | "0P" | "28", _) => StatusCode::FORBIDDEN,
        (_, "21000") if error.message.ends_with("requires a WHERE clause") => StatusCode::BAD_REQUEST,
        (_, "22023")
            if error.message.starts_with("role \"") && error.message.ends_with("\" does not exist") =>
        {
            StatusCode::UNAUTHORIZED
        }
        (_, "23503" | "23505") => StatusCode::CONFLICT,
        (_, "25006") => StatusCode::METHOD_NOT_ALLOWED,
        (_, "42501") if is_anonymous => StatusCode::UNAUTHORIZED,
        (_, "42501") => StatusCode::FORBIDDEN,
        (_, "42883") if error.message.starts_with("function xmlagg(") => StatusCode::NOT_ACCEPTABLE,
        (_, "42883" | "42P01") => StatusCode::NOT_FOUND,
        (_, "P0001") => StatusCode::BAD_REQUEST,
        (_, "21000" | "42P17" | "53400")
        | (
            "09" | "25" | "2D" | "38" | "39" | "3B" | "40" | "54" | "55" | "57" | "58" | "F0" | "HV" | "P0"
            | "XX",
            _,
        ) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table() {
        let of = |code: &str, message: &str, is_anonymous| {
            let error = ServerError {
                code: code.to_owned(),
                message: message.to_owned(),
                ..ServerError::default()
            };
            status(&error, is_anonymous).as_u16()
        };
        for (code, expected) in [
            ("08006", 503),
            ("09000", 500),
            ("0L000", 403),
            ("0P000", 403),
            ("21000", 500),
            ("22P02", 400),
            ("23502", 400),
            ("23503", 409),
            ("23505", 409),
            ("25006", 405),
            ("25001", 500),
            ("28000", 403),
            ("2D000", 500),
            ("40001", 500),
            ("42883", 404),
            ("42P01", 404),
            ("42P17", 500),
            ("53300", 503),
            ("53400", 500),
            ("54000", 500),
            ("57014", 500),
            ("57P01", 503),
            ("58000", 500),
            ("P0001", 400),
            ("P0002", 500),
            ("XX000", 500),
            ("42703", 400),
        ] {
            assert_eq!(of(code, "", false), expected, "{code}");
        }
        assert_eq!(of("42501", "", true), 401);
        assert_eq!(of("42501", "", false), 403);
        assert_eq!(of("22023", "role \"x\" does not exist", false), 401);
        assert_eq!(of("21000", "UPDATE requires a WHERE clause", false), 400);
        assert_eq!(of("42883", "function xmlagg(x) does not exist", false), 406);
    }
}
