//! Names of buckets and objects (§3).

use crate::error::{Result, StorageError};

const MARKS: &str = "_!.*'() &$=@;:+,?-";

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || MARKS.contains(c)
}

/// A key that objects may have. Keys never become paths of the file system, so that `..` is refused only because the
/// original refuses it.
pub fn check_key(key: &str) -> Result<()> {
    let is_legal = !key.is_empty() && key.chars().all(|c| c == '/' || is_plain(c));
    if is_legal && !key.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Ok(());
    }
    Err(StorageError::InvalidKey(key.to_owned()))
}

/// A name that buckets may have.
pub fn check_bucket(name: &str) -> Result<()> {
    if !name.is_empty() && name.len() <= 100 && name.chars().all(is_plain) {
        return Ok(());
    }
    Err(StorageError::InvalidBucketName)
}

/// A name that a new bucket may have.
pub fn check_new_bucket(name: &str) -> Result<()> {
    check_bucket(name)?;
    if name.trim() != name || name.ends_with("--table-s3") {
        return Err(StorageError::InvalidBucketName);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        for key in ["a", "a/b", "a//b", "with space.txt", "!.*'()&$=@;:+,?-_"] {
            assert!(check_key(key).is_ok(), "{key}");
        }
        for key in [
            "", "ä", "a#b", "a%b", "a~", "a[1]", "a\\b", "a\0b", "../a", "a/./b", "a/..",
        ] {
            assert!(check_key(key).is_err(), "{key}");
        }
    }

    #[test]
    fn buckets() {
        assert!(check_new_bucket("a b").is_ok());
        for name in ["", "a/b", " a", "a ", "x--table-s3", &"a".repeat(101)] {
            assert!(check_new_bucket(name).is_err(), "{name}");
        }
    }
}
