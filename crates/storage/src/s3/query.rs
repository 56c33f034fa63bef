//! The parameters of a request, decoded once.

use crate::error::Result;
use crate::s3::fault::Fault;

/// Most parameters of a request.
const MOST: usize = 100;

/// Names and values in the order in which they came.
#[derive(Debug, Default, Clone)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Of the text behind the question mark.
    pub fn parse(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        Self(
            url::form_urlencoded::parse(text.as_bytes())
                .take(MOST)
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The same, an empty one counting as not sent.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// Whether there is such a parameter, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A number of at least `least`, cut at `most`.
    pub fn number(&self, name: &'static str, least: u32, most: u32) -> Result<Option<u32>> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        match text.parse::<u32>() {
            Ok(number) if number >= least => Ok(Some(number.min(most))),
            _ => Err(Fault::InvalidArgument(name).into()),
        }
    }

    /// All of them but those of this name.
    pub fn without(&self, name: &str) -> Vec<(String, String)> {
        self.0
            .iter()
            .filter(|(known, _)| known != name)
            .cloned()
            .collect()
    }

    /// The first of these that is there.
    pub fn first_of<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        names.iter().find(|name| self.has(name)).copied()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn parameters() {
        let query = Query::parse(Some("uploads&a=1%2F2&n=5000&m=x&empty="));
        assert!(query.has("uploads") && query.has("empty") && !query.has("none"));
        assert_eq!(query.get("a"), Some("1/2"));
        assert_eq!(query.text("empty"), None);
        assert_eq!(query.number("n", 0, 1000).unwrap(), Some(1000));
        assert!(query.number("m", 0, 1000).is_err());
        assert_eq!(query.first_of(&["x", "uploads"]), Some("uploads"));
        assert_eq!(query.without("a").len(), 4);
    }
}
