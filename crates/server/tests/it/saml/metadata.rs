//! Our metadata, and that of providers when it changes.

use std::sync::{Arc, Mutex};

use axum::routing::get;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn ours_is_open_to_everybody() {
    let world = World::start("").await;
    let path = "/auth/v1/sso/saml/metadata";
    let shown = world.backend.raw(Method::GET, path, Vec::new(), Vec::new()).await;
    assert_eq!(shown.status, 200);
    let header = |answer: &Answer, name: &str| {
        answer
            .headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header(&shown, "content-type").unwrap(), "application/xml");
    assert_eq!(header(&shown, "cache-control").unwrap(), "public, max-age=600");
    let base = format!("{}/auth/v1", world.backend.endpoints().api_url);
    assert!(
        shown
            .text
            .contains(&format!("entityID=\"{base}/sso/saml/metadata\"")),
        "{}",
        shown.text
    );
    assert!(shown.text.contains(&format!("Location=\"{base}/sso/saml/acs\"")));
    assert!(!shown.text.contains("validUntil"));
    let path = format!("{path}?download=true");
    let kept = world
        .backend
        .raw(Method::GET, &path, Vec::new(), Vec::new())
        .await;
    assert_eq!(
        header(&kept, "content-disposition").unwrap(),
        "attachment; filename=\"metadata.xml\""
    );
    assert!(kept.text.contains("validUntil"));
    let settings = world
        .backend
        .send(Method::GET, "/auth/v1/settings", None, None)
        .await;
    assert_eq!(settings.json["saml_enabled"], true);
    world.backend.stop().await;
}

/// A server that gives away whatever is in the cell.
async fn publish(document: Arc<Mutex<String>>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/metadata", listener.local_addr().unwrap());
    let router = axum::Router::new().route(
        "/metadata",
        get(move || {
            let document = document.lock().unwrap().clone();
            async move { document }
        }),
    );
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

async fn make_stale(world: &World, url: &str) {
    use ferrobase_db::Executor;
    // The API takes https only; a test has no certificate that the client would trust.
    let sql = "update auth.saml_providers set metadata_url = $1, updated_at = now() - interval '25 hours'";
    world.backend.sql().execute(sql, &[&url]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_may_change_its_key() {
    let world = World::start("allow_private_addresses = true").await;
    // The same provider after it changed its key.
    let renewed = IdentityProvider::new(&world.acme.entity_id);
    let claim = world.claim("ada", None);
    let response = IdentityProvider::response(&claim, &renewed.sign(&claim));
    world.assert_refused(&response, "", "validation_failed").await;
    let document = Arc::new(Mutex::new(renewed.metadata()));
    make_stale(&world, &publish(document).await).await;
    assert!(fragment(&world.post(&response, APP).await).contains_key("access_token"));
    let kept = world
        .admin(Method::GET, &format!("{PROVIDERS}/{}", world.id), None)
        .await;
    assert_eq!(kept.json["saml"]["metadata_xml"], renewed.metadata());
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_metadata_changes_nothing() {
    let world = World::start("allow_private_addresses = true").await;
    // Somebody else's, under an address that was once the provider's.
    let document = Arc::new(Mutex::new(world.other.metadata()));
    make_stale(&world, &publish(document).await).await;
    let posing = world.claim("ada", None);
    let response = IdentityProvider::response(&posing, &world.other.sign(&posing));
    world.assert_refused(&response, "", "validation_failed").await;
    assert!(world.sign_in("ada").await.contains_key("access_token"));
    let kept = world
        .admin(Method::GET, &format!("{PROVIDERS}/{}", world.id), None)
        .await;
    assert_eq!(kept.json["saml"]["metadata_xml"], world.acme.metadata());
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guarded_client_renews_metadata() {
    let world = World::start("").await;
    let asked = Arc::new(Mutex::new(world.acme.metadata()));
    let renewed = IdentityProvider::new(&world.acme.entity_id);
    renewed.metadata().clone_into(&mut asked.lock().unwrap());
    // Without the setting, nothing on this machine is asked, and the old key stays good.
    make_stale(&world, &publish(asked).await).await;
    assert!(world.sign_in("ada").await.contains_key("access_token"));
    world.backend.stop().await;
}
