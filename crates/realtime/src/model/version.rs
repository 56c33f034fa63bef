//! Versions of the serializer (§2.1).

/// How a socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Objects in text frames.
    V1,
    /// Arrays in text frames, and binary frames.
    V2,
}

impl Version {
    /// `vsn`; nothing means 1.0.0. `None` for what nobody speaks.
    pub fn read(vsn: Option<&str>) -> Option<Self> {
        let Some(vsn) = vsn else { return Some(Self::V1) };
        let mut parts = vsn.split('.');
        let version = match (parts.next()?, parts.next()?) {
            ("1", "0") => Self::V1,
            ("2", "0") => Self::V2,
            _ => return None,
        };
        let patch = parts.next()?;
        let is_number = !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit());
        (is_number && parts.next().is_none()).then_some(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(Version::read(None), Some(Version::V1));
        assert_eq!(Version::read(Some("1.0.7")), Some(Version::V1));
        assert_eq!(Version::read(Some("2.0.0")), Some(Version::V2));
        for wrong in ["", "1", "2.0", "2.1.0", "3.0.0", "2.0.0.0", "2.0.x"] {
            assert_eq!(Version::read(Some(wrong)), None, "{wrong}");
        }
    }
}
