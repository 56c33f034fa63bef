//! Which media type is answered, and who makes the body (rest.md section 11).

use super::Planner;
use crate::error::RestError;
use crate::request::{MediaType, Target};
use crate::schema::{MediaHandler, MediaHandlerKey, QualifiedName};

/// Who makes the body.
#[derive(Debug, Clone)]
pub enum Producer {
    /// Nobody: it is not wanted.
    Nobody,
    /// A JSON array, or a function's own value.
    Json,
    /// A JSON array without null members.
    StrippedJson,
    /// One JSON object.
    Object {
        /// Without null members.
        nulls_stripped: bool,
    },
    /// CSV.
    Csv,
    /// GeoJSON.
    GeoJson,
    /// A function or aggregate of the database.
    Handler(MediaHandler),
}

impl Producer {
    /// Rows are shown as PostgreSQL prints them.
    pub fn shows_text(&self) -> bool {
        matches!(self, Self::Csv | Self::Handler(_))
    }
}

impl Planner<'_> {
    /// The first media type that can be made. `identity` is the relation's or the function's name.
    pub fn negotiate(&self, identity: &QualifiedName) -> Result<(Producer, MediaType), RestError> {
        let request = self.request;
        let found = request
            .accepts
            .iter()
            .find_map(|wanted| self.producer(identity, wanted));
        let (producer, media_type) = found.ok_or_else(|| {
            let wanted: Vec<String> = request.accepts.iter().map(ToString::to_string).collect();
            RestError::MediaType(wanted.join(", "))
        })?;
        let needs_no_body = match request.target {
            Target::Routine(_) | Target::Root => request.is_head,
            Target::Relation(_) => {
                request.is_head || (request.action.is_mutation() && !request.preferences.wants_rows())
            }
        };
        // One row is checked for even where it is not shown.
        let is_checked = matches!(producer, Producer::Object { .. });
        if needs_no_body && !is_checked {
            return Ok((Producer::Nobody, media_type));
        }
        Ok((producer, media_type))
    }

    fn producer(&self, identity: &QualifiedName, wanted: &MediaType) -> Option<(Producer, MediaType)> {
        match wanted {
            MediaType::StrippedArray => Some((Producer::StrippedJson, wanted.clone())),
            MediaType::Object { nulls_stripped } => Some((
                Producer::Object {
                    nulls_stripped: *nulls_stripped,
                },
                wanted.clone(),
            )),
            MediaType::Plan(plan) if self.config.plans => self
                .producer(identity, &plan.of)
                .map(|(producer, _)| (producer, wanted.clone())),
            MediaType::Plan(_) => None,
            other => self.overridable(identity, other),
        }
    }

    /// Handlers of the database come first: of everything, of this type; then ours.
    fn overridable(&self, identity: &QualifiedName, wanted: &MediaType) -> Option<(Producer, MediaType)> {
        let handler = |target: Option<&QualifiedName>, media_type: &str| {
            self.cache
                .media_handlers
                .get(&MediaHandlerKey {
                    target: target.cloned(),
                    media_type: media_type.to_owned(),
                })
                .cloned()
        };
        let name = wanted.to_string();
        if self.is_default_select() {
            if let Some(any) = handler(Some(identity), "*/*") {
                return Some((Producer::Handler(any), MediaType::OctetStream));
            }
            if let Some(own) = handler(Some(identity), &name) {
                return Some((Producer::Handler(own), wanted.clone()));
            }
        }
        if let Some(general) = handler(None, &name) {
            return Some((Producer::Handler(general), wanted.clone()));
        }
        match wanted {
            MediaType::Any | MediaType::Json => Some((Producer::Json, MediaType::Json)),
            MediaType::Csv => Some((Producer::Csv, MediaType::Csv)),
            MediaType::GeoJson => Some((Producer::GeoJson, MediaType::GeoJson)),
            _ => None,
        }
    }

    /// Every column and nothing else.
    fn is_default_select(&self) -> bool {
        match &self.request.query.select {
            None => true,
            Some(items) => matches!(items[..], [ferrobase_query::SelectItem::Star]),
        }
    }
}
