//! Types of files by the ends of their names, for those that the configuration uploads: clients say theirs.

/// The type of a file of this name.
pub fn of_name(name: &str) -> &'static str {
    let file = name.rsplit('/').next().unwrap_or_default();
    let end = file
        .rsplit_once('.')
        .map_or(String::new(), |(_, end)| end.to_ascii_lowercase());
    match end.as_str() {
        "apng" => "image/apng",
        "avif" => "image/avif",
        "bmp" => "image/bmp",
        "gif" => "image/gif",
        "ico" => "image/x-icon",
        "jpeg" | "jpg" => "image/jpeg",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "tif" | "tiff" => "image/tiff",
        "webp" => "image/webp",
        "aac" => "audio/aac",
        "flac" => "audio/flac",
        "m4a" => "audio/mp4",
        "mp3" => "audio/mpeg",
        "oga" | "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "mov" => "video/quicktime",
        "mp4" => "video/mp4",
        "mpeg" => "video/mpeg",
        "webm" => "video/webm",
        "css" => "text/css",
        "csv" => "text/csv",
        "htm" | "html" => "text/html",
        "md" => "text/markdown",
        "txt" => "text/plain",
        "xml" => "text/xml",
        "js" | "mjs" => "text/javascript",
        "otf" => "font/otf",
        "ttf" => "font/ttf",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "gz" => "application/gzip",
        "json" => "application/json",
        "pdf" => "application/pdf",
        "tar" => "application/x-tar",
        "wasm" => "application/wasm",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_the_last_dot() {
        assert_eq!(of_name("a/b.tar/photo.JPG"), "image/jpeg");
        assert_eq!(of_name("a.png/readme"), "application/octet-stream");
        assert_eq!(of_name("x.tar.gz"), "application/gzip");
    }
}
