//! Linking domains (auth.md 12.4): providers that the project keeps apart meet each other, and nobody else.

use super::*;

/// Attack: whoever controls a provider of another domain vouches for a stranger's address. It opens an account of that
/// domain, never the stranger's; and the stranger's own ways in stay theirs.
#[tokio::test(flavor = "multi_thread")]
async fn providers_of_a_domain_meet_each_other_and_nobody_else() {
    let acme = Provider::start().await;
    let settings = format!(
        "provider_linking_domains = [\"github=social\", \"custom:acme=social\"]\n\
         [auth.custom_providers.acme]\nissuer = \"{}\"\nclient_id = \"oidc-client\"\nsecret = \"client secret\"\n",
        acme.base
    );
    let world = World::start(&settings).await;
    let known = world.known_user("ada@example.com").await;

    let social = world.sign_in(&person(7, "ada@example.com", true)).await;
    assert_ne!(social["id"], known["id"]);
    assert_eq!(
        (social["email"].as_str(), identities(&social)),
        (Some("ada@example.com"), vec!["github"])
    );
    let arrive = async |provider: &str, server: &Provider, id: u64| {
        let url = world.authorize(provider, "").await;
        let (code, state) = server.agree(&person(id, "ada@example.com", true), &url);
        let tokens = fragment(&world.call_back(&code, &state).await);
        world.user(&tokens["access_token"]).await
    };
    let met = arrive("custom:acme", &acme, 8).await;
    assert_eq!(
        (&met["id"], identities(&met)),
        (&social["id"], vec!["github", "custom:acme"])
    );
    let default = arrive("google", &world.oidc, 9).await;
    assert_eq!(
        (&default["id"], identities(&default)),
        (&known["id"], vec!["email", "google"])
    );

    let session = world.password_session("ada@example.com").await;
    assert_eq!(session.json["user"]["id"], known["id"], "{}", session.text);
    // The database lets one address exist twice only by this flag, as in the original.
    let flags =
        "select id::text, is_sso_user from auth.users where email = 'ada@example.com' order by is_sso_user";
    let rows = ferrobase_db::Executor::query(&world.backend.sql(), flags, &[])
        .await
        .unwrap();
    let found: Vec<(String, bool)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let id = |user: &Value| user["id"].as_str().unwrap().to_owned();
    assert_eq!(found, [(id(&known), false), (id(&social), true)]);
    world.backend.stop().await;
}
