//! One request, from HTTP to HTTP: who asks, what is asked, what it means, one statement, the answer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request as HttpRequest;
use axum::http::request::Parts;
use axum::response::Response;
use ferrobase_http::read_body;

use crate::error::RestError;
use crate::identity::{Identity, identify};
use crate::plan::Planner;
use crate::request::{Action, Request, Target};
use crate::response;
use crate::schema::SchemaCache;
use crate::state::State;
use crate::timing::Timing;

mod call;
mod describe;
mod exchange;
mod mutation;
mod read;
mod root;

pub(crate) use exchange::{Answer, Content};

/// A request on its way.
pub(crate) struct Serving {
    pub(crate) state: State,
    pub(crate) cache: Arc<SchemaCache>,
    pub(crate) parts: Parts,
    pub(crate) identity: Identity,
    pub(crate) request: Request,
    pub(crate) timing: Timing,
}

/// Answers every request of the data API, whose paths begin at the root. Who asks is taken from the gateway's `Caller`
/// where there is one.
pub(crate) async fn answer(state: State, http: HttpRequest) -> Response {
    let (parts, body) = http.into_parts();
    let trace = state.config().trace_header.as_deref().and_then(|name| {
        parts
            .headers
            .get(name)
            .map(|value| (name.to_owned(), value.clone()))
    });
    let mut answer = match serve(&state, parts, body).await {
        Ok(answer) => answer,
        Err(error) => response::failed(&error, state.config().verbose_errors),
    };
    if let Some((name, value)) = trace
        && let Ok(name) = axum::http::HeaderName::try_from(name)
    {
        answer.headers_mut().insert(name, value);
    }
    answer
}

async fn serve(state: &State, parts: Parts, body: Body) -> Result<Response, RestError> {
    let mut timing = Timing::start(state.config().server_timing);
    let identity = identify(&parts, state)?;
    timing.lap("jwt");
    let cache = state.cache().ok_or(RestError::NoCache)?;
    let body = read_body(body, state.config().max_body)
        .await
        .map_err(|error| RestError::Body(error.to_string()))?;
    let request = Request::read(&parts, &body, state.config())?;
    timing.lap("parse");
    let serving = Serving {
        state: state.clone(),
        cache,
        parts,
        identity,
        request,
        timing,
    };
    match (&serving.request.target, serving.request.action) {
        (_, Action::Describe) => describe::serve(&serving),
        (Target::Root, _) => root::serve(serving).await,
        (Target::Relation(_), Action::Read) => read::serve(serving).await,
        (Target::Relation(_), _) => mutation::serve(serving).await,
        (Target::Routine(_), _) => call::serve(serving).await,
    }
}

impl Serving {
    /// A planner for the request.
    pub(crate) fn planner(&self) -> Planner<'_> {
        Planner::new(&self.cache, self.state.config(), &self.request)
    }

    /// The relation or function that the path names.
    pub(crate) fn target_name(&self) -> &str {
        match &self.request.target {
            Target::Relation(name) | Target::Routine(name) => name,
            Target::Root => "",
        }
    }
}
