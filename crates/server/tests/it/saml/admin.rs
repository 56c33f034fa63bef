//! What administrators do with connections.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_made_shown_changed_and_removed() {
    let world = World::start("").await;
    let mapping = json!({"keys": {"name": {"name": "who"}, "groups": {"names": ["a", "b"], "array": true, "default": "none"}}});
    let body = json!({
        "type": "saml", "metadata_xml": world.other.metadata(), "domains": ["other.example", "Sub.Other.example"],
        "attribute_mapping": mapping, "resource_id": "Tenant-7", "disabled": true,
        "name_id_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    });
    let created = world.admin(Method::POST, PROVIDERS, Some(body)).await;
    assert_eq!(created.status, 201, "{}", created.text);
    let provider = created.json;
    assert_eq!(provider["saml"]["entity_id"], world.other.entity_id);
    assert_eq!(provider["saml"]["metadata_xml"], world.other.metadata());
    assert_eq!(provider["saml"]["attribute_mapping"], mapping);
    assert!(provider["saml"].get("metadata_url").is_none());
    assert_eq!(
        (&provider["resource_id"], &provider["disabled"]),
        (&json!("Tenant-7"), &json!(true))
    );
    assert_eq!(provider["domains"].as_array().unwrap().len(), 2);
    assert!(provider["domains"][0]["created_at"].is_string() && provider["created_at"].is_string());

    let id = provider["id"].as_str().unwrap();
    for name in [id, "resource_tenant-7"] {
        let shown = world
            .admin(Method::GET, &format!("{PROVIDERS}/{name}"), None)
            .await;
        assert_eq!((shown.status, &shown.json), (200, &provider), "{name}");
    }
    let listed = world.admin(Method::GET, PROVIDERS, None).await;
    let items = listed.json["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert!(
        items
            .iter()
            .all(|item| item["saml"].get("metadata_xml").is_none())
    );
    assert_eq!(items[1]["domains"], provider["domains"]);
    assert!(items[0].get("resource_id").is_none() && items[0]["disabled"].is_null());
    for (query, count) in [
        ("resource_id=TENANT-7", 1),
        ("resource_id=tenant", 0),
        ("resource_id_prefix=tenant-", 1),
        ("resource_id_prefix=ten%25", 0),
        ("resource_id=", 2),
    ] {
        let listed = world
            .admin(Method::GET, &format!("{PROVIDERS}?{query}"), None)
            .await;
        assert_eq!(listed.json["items"].as_array().unwrap().len(), count, "{query}");
    }

    // What is not named stays; what is named as empty goes; domains that stay keep their beginning.
    let path = format!("{PROVIDERS}/{id}");
    let wanted = json!({"domains": ["sub.other.example", "new.example"], "resource_id": "", "name_id_format": "", "disabled": false});
    let changed = world.admin(Method::PUT, &path, Some(wanted)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert!(
        changed.json.get("resource_id").is_none() && changed.json["saml"].get("name_id_format").is_none()
    );
    assert_eq!(changed.json["saml"]["attribute_mapping"], mapping);
    let mut before = provider["domains"].as_array().unwrap().iter();
    let kept = before
        .find(|domain| domain["domain"] == "Sub.Other.example")
        .unwrap();
    let domains = changed.json["domains"].as_array().unwrap();
    assert_eq!(&domains[0], kept);
    assert_eq!(domains[1]["domain"], "new.example");
    let cleared = world
        .admin(Method::PUT, &path, Some(json!({"domains": []})))
        .await;
    assert_eq!(cleared.json["domains"], json!([]));

    let deleted = world.admin(Method::DELETE, &path, None).await;
    assert_eq!((deleted.status, &deleted.json["id"]), (200, &json!(id)));
    let gone = world.admin(Method::DELETE, &path, None).await;
    assert_eq!(
        (gone.status, &gone.json["error_code"]),
        (404, &json!("sso_provider_not_found"))
    );
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused() {
    let world = World::start("").await;
    let metadata = world.other.metadata();
    let with = |more: Value| {
        let mut body = json!({"type": "saml", "metadata_xml": metadata});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    let long = "x".repeat(256);
    for (body, status, code) in [
        (with(json!({"type": "oidc"})), 400, "validation_failed"),
        (with(json!({"type": null})), 400, "validation_failed"),
        (
            with(json!({"metadata_url": "https://idp.example/"})),
            400,
            "validation_failed",
        ),
        (with(json!({"metadata_xml": null})), 400, "validation_failed"),
        (with(json!({"metadata_xml": "<a/>"})), 400, "validation_failed"),
        (
            with(json!({"metadata_xml": null, "metadata_url": "http://idp.example/"})),
            400,
            "validation_failed",
        ),
        (
            with(json!({"metadata_xml": null, "metadata_url": "idp"})),
            400,
            "validation_failed",
        ),
        (with(json!({"name_id_format": "mine"})), 400, "validation_failed"),
        (with(json!({"domains": [""]})), 400, "validation_failed"),
        (with(json!({"domains": [long]})), 400, "validation_failed"),
        (with(json!({"domains": "a"})), 400, "bad_json"),
        (
            with(json!({"domains": ["ACME.example"]})),
            400,
            "sso_domain_already_exists",
        ),
        (
            with(json!({"domains": ["a.example", "A.example"]})),
            400,
            "sso_domain_already_exists",
        ),
        (
            with(json!({"metadata_xml": world.acme.metadata()})),
            422,
            "saml_idp_already_exists",
        ),
        // The guarded client does not go to this machine.
        (
            with(json!({"metadata_xml": null, "metadata_url": "https://127.0.0.1:1/"})),
            400,
            "saml_metadata_fetch_failed",
        ),
    ] {
        let answer = world.admin(Method::POST, PROVIDERS, Some(body.clone())).await;
        assert_eq!(
            (answer.status, &answer.json["error_code"]),
            (status, &json!(code)),
            "{body}"
        );
    }
    assert_eq!(world.count("select count(*) from auth.sso_providers").await, 1);

    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_what_is_there_is_refused() {
    let world = World::start("").await;
    let metadata = world.other.metadata();
    let path = format!("{PROVIDERS}/{}", world.id);
    let other = world
        .admin(Method::PUT, &path, Some(json!({"metadata_xml": metadata})))
        .await;
    assert_eq!(
        (other.status, &other.json["error_code"]),
        (400, &json!("saml_entity_id_mismatch"))
    );
    for name in ["acme", "resource_acme", "00000000-0000-4000-8000-000000000000"] {
        let missing = world
            .admin(Method::GET, &format!("{PROVIDERS}/{name}"), None)
            .await;
        assert_eq!(
            (missing.status, &missing.json["error_code"]),
            (404, &json!("sso_provider_not_found")),
            "{name}"
        );
    }
    let taken = json!({"type": "saml", "metadata_xml": metadata, "resource_id": "r"});
    assert_eq!(
        world.admin(Method::POST, PROVIDERS, Some(taken)).await.status,
        201
    );
    let conflict = world
        .admin(Method::PUT, &path, Some(json!({"resource_id": "R"})))
        .await;
    assert_eq!(
        (conflict.status, &conflict.json["error_code"]),
        (422, &json!("conflict"))
    );
    for (method, path) in [
        (Method::GET, PROVIDERS),
        (Method::POST, PROVIDERS),
        (Method::GET, path.as_str()),
    ] {
        let anon = world.backend.endpoints().anon_key.clone();
        let refused = world.backend.send(method, path, Some(&anon), None).await;
        assert_eq!(
            (refused.status, &refused.json["error_code"]),
            (403, &json!("not_admin")),
            "{path}"
        );
    }
    world.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_database_keeps_is_refused() {
    let world = World::start("").await;
    let metadata = world.other.metadata();
    let with = |name: &str, value: Value| {
        let mut body = json!({"type": "saml", "metadata_xml": metadata});
        body[name] = value;
        body
    };
    for body in [
        with("domains", json!(["a\u{0}.example"])),
        with("resource_id", json!("a\u{0}")),
        with("metadata_xml", json!(format!("{metadata}\u{0}"))),
        with("attribute_mapping", json!({"keys": {"a\u{0}": {"name": "b"}}})),
        with("attribute_mapping", json!({"keys": {"a": {"default": "\u{0}"}}})),
        with("attribute_mapping", json!({"keys": ["a"]})),
    ] {
        let answer = world.admin(Method::POST, PROVIDERS, Some(body.clone())).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text);
    }
    for path in [
        "/resource_%00",
        "?resource_id=%00",
        "?resource_id_prefix=a%00",
        "/%00",
    ] {
        let answer = world
            .admin(Method::GET, &format!("{PROVIDERS}{path}"), None)
            .await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.text);
    }
    let answer = world.sso(json!({"domain": "a\u{0}.example"})).await;
    assert!((400..500).contains(&answer.status), "{}", answer.text);
    let relay = world
        .post(
            &world.answer(&world.claim("ada", None)),
            "http://127.0.0.1:3000/\u{0}",
        )
        .await;
    assert!(
        location(&relay).starts_with(&format!("{SITE}#")),
        "{}",
        location(&relay)
    );
    assert_eq!(world.count("select count(*) from auth.sso_providers").await, 1);
    world.backend.stop().await;
}
