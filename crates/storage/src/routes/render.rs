//! Objects as images in other sizes and formats (§12).

use axum::body::Body;
use axum::response::Response;
use http::header::{ACCEPT, ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};

use crate::ask::{Ask, Target};
use crate::caller::Caller;
use crate::error::{Result, StorageError};
use crate::fields::Fields;
use crate::images::Transform;
use crate::reading::{Answer, Reader, TRANSFORMATIONS};
use crate::scope::Scope;
use crate::state::State;

mod signed;

/// Below `/render/image/`; there is no such route where transformations are off.
pub(super) async fn dispatch(ask: Ask, path: &str) -> Result<Response> {
    let is_read = matches!(ask.parts.method, Method::GET | Method::HEAD);
    let way = path.strip_prefix("image/").and_then(|path| path.split_once('/'));
    let Some((way, path)) = way.filter(|_| is_read && ask.state.config.images.enabled) else {
        return Err(ask.no_route());
    };
    let Some(target) = Target::of(path) else {
        return Err(ask.no_route());
    };
    let target = target?;
    match way {
        "public" => answer(&ask.state, &ask.parts, &Reader::Everybody, &target, &asked(&ask)?).await,
        "authenticated" => {
            let caller = Caller::verified(&ask.parts, &ask.state)?;
            let scope = Scope::new(caller, &ask.parts, "storage.render.image_authenticated");
            answer(
                &ask.state,
                &ask.parts,
                &Reader::Token(scope),
                &target,
                &asked(&ask)?,
            )
            .await
        }
        "sign" => signed::answer(&ask.state, &ask.parts, &target).await,
        _ => Err(ask.no_route()),
    }
}

fn asked(ask: &Ask) -> Result<Transform> {
    Transform::of(&Fields::of_query(&ask.parts), &ask.state.config.images)
}

/// The object as `transform` says: headers of the object, type and length of the image.
async fn answer(
    state: &State,
    parts: &Parts,
    reader: &Reader,
    target: &Target,
    transform: &Transform,
) -> Result<Response> {
    let mut object = reader.find(state, target).await?;
    let (answered, image) = loop {
        let answered = Answer::new(&object, parts, reader);
        let mut response = Response::new(Body::empty());
        answered.describe(response.headers_mut())?;
        if answered.is_unchanged() {
            response.headers_mut().remove(CONTENT_TYPE);
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return Ok(response);
        }
        let version = object.blob().ok_or(StorageError::NoBlob)?;
        let image = state
            .images()
            .render(&state.blobs, version, transform, &parts.headers);
        match image.await {
            Err(StorageError::NoBlob) => {
                // It may have been replaced between the two looks.
                let again = reader.find(state, target).await?;
                if again.version == object.version {
                    return Err(StorageError::NoBlob);
                }
                object = again;
            }
            other => break (response, other?),
        }
    };
    let mut response = answered;
    let headers = response.headers_mut();
    headers.remove(ACCEPT_RANGES);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(image.mime));
    headers.insert(CONTENT_LENGTH, image.bytes.len().into());
    if transform.output.is_none() {
        headers.append(VARY, ACCEPT.into());
    }
    if let Ok(value) = HeaderValue::from_str(&transform.header()) {
        headers.insert(TRANSFORMATIONS, value);
    }
    if parts.method == Method::GET {
        *response.body_mut() = Body::from(image.bytes);
    }
    Ok(response)
}
