//! The root document (rest.md section 19).

use axum::response::Response;
use bytes::Bytes;
use ferrobase_sql::Fragment;

use super::Serving;
use super::exchange::Sending;
use crate::config::OpenApiMode;
use crate::error::RestError;
use crate::openapi::privileges::{PRIVILEGES_SQL, Privileges, relations, routines};
use crate::openapi::{Address, Document};
use crate::request::MediaType;
use crate::response::Builder;
use crate::schema::Name;
use crate::statement::Expectation;

pub(super) async fn serve(mut serving: Serving) -> Result<Response, RestError> {
    let wanted = serving
        .request
        .accepts
        .iter()
        .find(|accepted| matches!(accepted, MediaType::OpenApi | MediaType::Json | MediaType::Any));
    if wanted.is_none() {
        let asked: Vec<String> = serving.request.accepts.iter().map(ToString::to_string).collect();
        return Err(RestError::MediaType(asked.join(", ")));
    }
    serving.request.preferences.check()?;
    serving.timing.lap("plan");
    let follows = serving.state.config().openapi_mode == OpenApiMode::FollowPrivileges;
    let privileges = if follows {
        Some(serving.privileges().await?)
    } else {
        None
    };
    serving.timing.lap("transaction");
    let body = serving.document(privileges.as_ref())?;
    Builder::new(&serving, 200)
        .content(&MediaType::OpenApi, body)
        .finish()
}

impl Serving {
    async fn privileges(&self) -> Result<Privileges, RestError> {
        let mut sql = Fragment::new();
        sql.param(self.request.schema.clone());
        // The statement's text names its only parameter itself.
        let sql = sql.with_text(PRIVILEGES_SQL);
        let sending = Sending {
            read_only: true,
            is_repeatable: false,
            routine: None,
            estimate: None,
            expectation: Expectation::Any,
        };
        let row = self.send_row(sql, sending).await?;
        let text = |index| row.text(index).unwrap_or_default();
        Privileges::parse(text(0), text(1)).map_err(|error| RestError::Internal(error.to_string()))
    }

    fn document(&self, privileges: Option<&Privileges>) -> Result<Bytes, RestError> {
        let config = self.state.config();
        let schema = &self.request.schema;
        let address = config
            .openapi_proxy
            .as_deref()
            .and_then(Address::from_proxy_uri)
            .unwrap_or_else(|| Address::of_server(&config.address.0, config.address.1));
        let search_path: Vec<Name> = if privileges.is_some() {
            std::iter::once(schema)
                .chain(&config.extra_search_path)
                .map(|name| name.as_str().into())
                .collect()
        } else {
            Vec::new()
        };
        let document = Document {
            relations: relations(&self.cache, schema, privileges),
            routines: routines(&self.cache, schema, privileges),
            cache: &self.cache,
            search_path: &search_path,
            schema_description: self
                .cache
                .schema_descriptions
                .get(schema.as_str())
                .map(String::as_str),
            address,
            security_active: config.openapi_security,
            version: env!("CARGO_PKG_VERSION"),
        };
        serde_json::to_vec(&document.to_json())
            .map(Bytes::from)
            .map_err(|error| RestError::Internal(error.to_string()))
    }
}
