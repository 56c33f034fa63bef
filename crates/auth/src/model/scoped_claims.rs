//! What a client learns of a user by the scopes that the user granted (auth.md section 16; OpenID Connect Core §5.4).

use serde_json::{Map, Value};

use super::scopes::Scopes;
use super::user::User;

/// The claims of an ID token that depend on scopes.
pub fn of_id_token(user: &User, scopes: &Scopes) -> Map<String, Value> {
    let mut claims = Map::new();
    if scopes.has("email") {
        put_text(&mut claims, "email", user.email());
        claims.insert("email_verified".to_owned(), user.is_email_confirmed().into());
    }
    if scopes.has("phone") {
        put_text(&mut claims, "phone_number", user.phone());
        claims.insert(
            "phone_number_verified".to_owned(),
            user.is_phone_confirmed().into(),
        );
    }
    if scopes.has("profile") {
        put_profile(&mut claims, user);
    }
    claims
}

/// The claims of `/oauth/userinfo`: those of the ID token, and what the original calls some of them.
pub fn of_userinfo(user: &User, scopes: &Scopes) -> Map<String, Value> {
    let mut claims = of_id_token(user, scopes);
    if scopes.has("phone") {
        put_text(&mut claims, "phone", user.phone());
        claims.insert("phone_verified".to_owned(), user.is_phone_confirmed().into());
    }
    if scopes.has("profile") {
        claims.insert(
            "user_metadata".to_owned(),
            Value::Object(user.user_metadata.clone()),
        );
    }
    claims.insert("sub".to_owned(), user.id.to_string().into());
    claims
}

fn put_profile(claims: &mut Map<String, Value>, user: &User) {
    let said = |names: &[&str]| -> String {
        names
            .iter()
            .filter_map(|name| user.user_metadata.get(*name).and_then(Value::as_str))
            .find(|text| !text.is_empty())
            .unwrap_or_default()
            .to_owned()
    };
    let name = said(&["name"]);
    put_text(claims, "name", if name.is_empty() { user.email() } else { &name });
    put_text(claims, "picture", &said(&["picture", "avatar_url"]));
    put_text(
        claims,
        "preferred_username",
        &said(&["preferred_username", "username"]),
    );
    if let Some(updated) = user.updated_at {
        claims.insert("updated_at".to_owned(), updated.timestamp().into());
    }
}

fn put_text(claims: &mut Map<String, Value>, name: &str, text: &str) {
    if !text.is_empty() {
        claims.insert(name.to_owned(), text.into());
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::super::user::Time;
    use super::*;

    #[test]
    fn a_scope_that_was_not_granted_tells_nothing() {
        let mut user = User::new(Uuid::nil(), "authenticated", "authenticated", Time::UNIX_EPOCH);
        user.email = Some("ann@example.test".to_owned());
        user.email_confirmed_at = Some(Time::UNIX_EPOCH);
        user.phone = Some("4512345678".to_owned());
        user.user_metadata
            .insert("avatar_url".to_owned(), json!("https://p/1"));
        user.user_metadata.insert("secret".to_owned(), json!("s"));
        let of = |scopes: &str| Value::Object(of_userinfo(&user, &Scopes::parse(scopes).unwrap()));
        assert_eq!(of("openid"), json!({"sub": Uuid::nil().to_string()}));
        assert_eq!(
            of("email"),
            json!({"sub": Uuid::nil().to_string(), "email": "ann@example.test", "email_verified": true})
        );
        assert_eq!(of("phone")["phone_number_verified"], false);
        assert_eq!(of("profile")["picture"], "https://p/1");
        assert_eq!(of("profile")["name"], "ann@example.test");
        let token = of_id_token(&user, &Scopes::parse("openid profile phone").unwrap());
        assert!(!token.contains_key("user_metadata") && !token.contains_key("email"));
    }
}
