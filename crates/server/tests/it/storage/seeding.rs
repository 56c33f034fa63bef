//! Buckets and files of the configuration.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn buckets_of_the_configuration_with_their_files() {
    let files = tempfile::tempdir().unwrap();
    std::fs::create_dir(files.path().join("sub")).unwrap();
    std::fs::write(files.path().join("logo.png"), "not really a picture").unwrap();
    std::fs::write(files.path().join("sub/photo.jpg"), "nor this").unwrap();
    std::fs::write(files.path().join("readme.txt"), "not allowed there").unwrap();
    let config = format!(
        "[storage.buckets.images]\npublic = true\nfile_size_limit = \"1MiB\"\n\
         allowed_mime_types = [\"image/png\", \"image/jpeg\"]\nobjects_path = \"{}\"\n\n[storage.buckets.plain]\n",
        files.path().display()
    );
    let backend = Backend::start(&config).await;
    let owner = Owner(&backend);
    let buckets = owner.send(Method::GET, "/bucket?sortColumn=id", &[], "").await;
    assert_eq!(buckets.json[0]["id"], "images");
    assert_eq!(buckets.json[0]["public"], true);
    assert_eq!(buckets.json[0]["file_size_limit"], 1 << 20);
    assert_eq!(
        buckets.json[0]["allowed_mime_types"],
        json!(["image/png", "image/jpeg"])
    );
    assert_eq!(buckets.json[1]["id"], "plain");
    assert_eq!(buckets.json[1]["public"], false);
    let logo = owner.get("public/images/logo.png", &[]).await;
    assert_eq!(logo.text, "not really a picture");
    assert_eq!(logo.headers["content-type"], "image/png");
    let photo = owner.get("public/images/sub/photo.jpg", &[]).await;
    assert_eq!(photo.text, "nor this");
    let text = owner.get("public/images/readme.txt", &[]).await;
    assert_eq!(text.json["code"], "NoSuchKey");
    backend.stop().await;
}
