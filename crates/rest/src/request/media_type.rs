//! Media types (rest.md section 11).

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// A media type that the data API knows, or any other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// `*/*`
    Any,
    /// `application/json`
    Json,
    /// `application/vnd.pgrst.object+json`
    Object {
        /// Keys whose value is null are left out.
        nulls_stripped: bool,
    },
    /// `application/vnd.pgrst.array+json;nulls=stripped`
    StrippedArray,
    /// `text/csv`
    Csv,
    /// `application/geo+json`
    GeoJson,
    /// `application/openapi+json`
    OpenApi,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/octet-stream`
    OctetStream,
    /// `text/plain`
    Text,
    /// `text/xml`
    Xml,
    /// `application/vnd.pgrst.plan`
    Plan(Plan),
    /// Any other, as it was written.
    Other(String),
}

/// How a plan is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plan {
    /// Of which answer.
    pub of: Box<MediaType>,
    /// In which form.
    pub format: PlanFormat,
    /// With what.
    pub options: Vec<PlanOption>,
}

/// Form of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlanFormat {
    /// JSON
    Json,
    /// Text
    Text,
}

/// What a plan shows besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PlanOption {
    /// Runs the statement.
    Analyze,
    /// Output columns and more.
    Verbose,
    /// Settings that differ from their defaults.
    Settings,
    /// Buffer usage.
    Buffers,
    /// Write-ahead log usage.
    Wal,
}

impl PlanOption {
    /// The word in the media type.
    pub fn word(self) -> &'static str {
        match self {
            Self::Analyze => "analyze",
            Self::Verbose => "verbose",
            Self::Settings => "settings",
            Self::Buffers => "buffers",
            Self::Wal => "wal",
        }
    }
}

impl MediaType {
    /// Reads a media type with its parameters.
    pub fn read(text: &str) -> Self {
        let mut parts = split_unquoted(text, ';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let parameters: Vec<(&str, &str)> = parts
            .filter_map(|parameter| parameter.split_once('='))
            .map(|(key, value)| (key.trim(), value.trim().trim_matches('"')))
            .collect();
        let nulls_stripped = parameters
            .iter()
            .any(|(key, value)| *key == "nulls" && *value == "stripped");
        match name.to_ascii_lowercase().as_str() {
            "*/*" => Self::Any,
            "application/vnd.pgrst.object" | "application/vnd.pgrst.object+json" => {
                Self::Object { nulls_stripped }
            }
            "application/vnd.pgrst.array" | "application/vnd.pgrst.array+json" if nulls_stripped => {
                Self::StrippedArray
            }
            // Without the parameter an array is plain JSON.
            "application/json" | "application/vnd.pgrst.array" | "application/vnd.pgrst.array+json" => {
                Self::Json
            }
            "text/csv" => Self::Csv,
            "application/geo+json" => Self::GeoJson,
            "application/openapi+json" => Self::OpenApi,
            "application/x-www-form-urlencoded" => Self::Form,
            "application/octet-stream" => Self::OctetStream,
            "text/plain" => Self::Text,
            "text/xml" => Self::Xml,
            "application/vnd.pgrst.plan" | "application/vnd.pgrst.plan+text" => {
                Self::plan(&parameters, PlanFormat::Text)
            }
            "application/vnd.pgrst.plan+json" => Self::plan(&parameters, PlanFormat::Json),
            _ => Self::Other(name.to_owned()),
        }
    }

    fn plan(parameters: &[(&str, &str)], format: PlanFormat) -> Self {
        let value = |name: &str| {
            parameters
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| *value)
        };
        let of = value("for").map_or(Self::Json, Self::read);
        let options = value("options")
            .unwrap_or_default()
            .split('|')
            .filter_map(|word| {
                [
                    PlanOption::Analyze,
                    PlanOption::Verbose,
                    PlanOption::Settings,
                    PlanOption::Buffers,
                    PlanOption::Wal,
                ]
                .into_iter()
                .find(|option| option.word() == word.trim())
            })
            .collect();
        Self::Plan(Plan {
            of: Box::new(of),
            format,
            options,
        })
    }

    /// `Content-Type` of an answer.
    pub fn content_type(&self) -> String {
        match self {
            Self::Any | Self::OctetStream => "application/octet-stream".to_owned(),
            Self::Other(name) => name.clone(),
            known => format!("{known}; charset=utf-8"),
        }
    }
}

/// Without the character set.
impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Any => "*/*",
            Self::Json => "application/json",
            Self::Object {
                nulls_stripped: false,
            } => "application/vnd.pgrst.object+json",
            Self::Object { nulls_stripped: true } => "application/vnd.pgrst.object+json;nulls=stripped",
            Self::StrippedArray => "application/vnd.pgrst.array+json;nulls=stripped",
            Self::Csv => "text/csv",
            Self::GeoJson => "application/geo+json",
            Self::OpenApi => "application/openapi+json",
            Self::Form => "application/x-www-form-urlencoded",
            Self::OctetStream => "application/octet-stream",
            Self::Text => "text/plain",
            Self::Xml => "text/xml",
            Self::Other(name) => name,
            Self::Plan(plan) => return plan.fmt(f),
        };
        f.write_str(text)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = match self.format {
            PlanFormat::Json => "json",
            PlanFormat::Text => "text",
        };
        write!(f, "application/vnd.pgrst.plan+{format}; for=\"{}\"", self.of)?;
        if !self.options.is_empty() {
            let words: Vec<&str> = self.options.iter().map(|option| option.word()).collect();
            write!(f, "; options={}", words.join("|"))?;
        }
        Ok(())
    }
}

/// `Accept`, the best first: by quality, then by how specific they are. Without the header everything is welcome.
pub fn accepted(headers: &HeaderMap) -> Vec<MediaType> {
    let Some(header) = headers.get(ACCEPT) else {
        return vec![MediaType::Any];
    };
    let header = String::from_utf8_lossy(header.as_bytes());
    let mut wanted: Vec<(f32, i32, MediaType)> = split_unquoted(&header, ',')
        .map(|item| {
            let (item, quality) = split_quality(item.trim());
            let count = |c| i32::try_from(item.matches(c).count()).unwrap_or(i32::MAX);
            (quality, count(';') - count('*'), MediaType::read(&item))
        })
        .collect();
    wanted.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    wanted.into_iter().map(|(_, _, media_type)| media_type).collect()
}

fn split_quality(item: &str) -> (String, f32) {
    let mut quality = 1.0;
    let kept: Vec<&str> = split_unquoted(item, ';')
        .filter(|part| match part.trim().strip_prefix("q=") {
            Some(value) => {
                quality = value.trim().parse().unwrap_or(1.0);
                false
            }
            None => true,
        })
        .collect();
    (kept.join(";"), quality)
}

/// The parts between separators, of which those in quotes are none.
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    text.split(move |c| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reading_and_showing() {
        assert_eq!(
            MediaType::read("application/vnd.pgrst.object").to_string(),
            "application/vnd.pgrst.object+json"
        );
        assert_eq!(
            MediaType::read("application/vnd.pgrst.array+json"),
            MediaType::Json
        );
        let plan =
            MediaType::read("application/vnd.pgrst.plan; for=\"text/csv\"; options=analyze|nonsense|wal");
        assert_eq!(
            plan.content_type(),
            "application/vnd.pgrst.plan+text; for=\"text/csv\"; options=analyze|wal; charset=utf-8"
        );
        assert_eq!(MediaType::read("image/png").content_type(), "image/png");
    }

    #[test]
    fn parameters_in_quotes_stay_together() {
        const WANTED: &str = "application/vnd.pgrst.plan+json; for=\"application/vnd.pgrst.object+json;nulls=stripped\"; options=verbose";
        assert_eq!(MediaType::read(WANTED).to_string(), WANTED);
        let mut headers = HeaderMap::new();
        let header = format!("{WANTED};q=0.5, text/csv;q=0.4");
        headers.insert(ACCEPT, header.parse().unwrap());
        assert_eq!(accepted(&headers), [MediaType::read(WANTED), MediaType::Csv]);
    }

    #[test]
    fn the_best_comes_first() {
        let mut headers = HeaderMap::new();
        headers.insert(
            ACCEPT,
            "text/plain;q=0.5, */*;q=0.9, text/csv;q=0.9, application/json"
                .parse()
                .unwrap(),
        );
        assert_eq!(
            accepted(&headers),
            [MediaType::Json, MediaType::Csv, MediaType::Any, MediaType::Text]
        );
        assert_eq!(accepted(&HeaderMap::new()), [MediaType::Any]);
    }
}
