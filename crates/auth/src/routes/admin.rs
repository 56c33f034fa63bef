//! What administrators do (auth.md section 15).

use axum::Router;
use axum::routing::{delete, get, post, put};

use crate::state::State;

mod audit;
mod custom_providers;
mod factors;
mod generate_link;
mod invite;
mod oauth_clients;
mod pages;
mod passkeys;
mod sso;
mod users;

/// The area's part of the route table.
pub(super) fn routes() -> Router<State> {
    Router::new()
        .route("/admin/generate_link", post(generate_link::create))
        .route("/admin/audit", get(audit::list))
        .route("/admin/audit/", get(audit::list))
        .route("/invite", post(invite::create))
        .route("/admin/users", get(users::list::list).post(users::create::create))
        .route(
            "/admin/users/",
            get(users::list::list).post(users::create::create),
        )
        .route(
            "/admin/users/{user_id}",
            get(users::show::show)
                .put(users::update::update)
                .delete(users::delete::delete),
        )
        .route("/admin/users/{user_id}/factors", get(factors::list))
        .route(
            "/admin/users/{user_id}/factors/{factor_id}",
            put(factors::update).delete(factors::delete),
        )
        .route("/admin/users/{user_id}/passkeys", get(passkeys::list))
        .route(
            "/admin/users/{user_id}/passkeys/{passkey_id}",
            delete(passkeys::delete),
        )
        .merge(custom_provider_routes())
        .merge(oauth_client_routes())
        .merge(sso_routes())
}

fn sso_routes() -> Router<State> {
    use sso::{create, delete, list, show, update};
    let all = || get(list::list).post(create::create);
    Router::new()
        .route("/admin/sso/providers", all())
        .route("/admin/sso/providers/", all())
        .route(
            "/admin/sso/providers/{name}",
            get(show::show).put(update::update).delete(delete::delete),
        )
}

fn custom_provider_routes() -> Router<State> {
    use custom_providers::{create, delete, list, show, update};
    let all = || get(list::list).post(create::create);
    Router::new()
        .route("/admin/custom-providers", all())
        .route("/admin/custom-providers/", all())
        .route(
            "/admin/custom-providers/{identifier}",
            get(show::show).put(update::update).delete(delete::delete),
        )
}

fn oauth_client_routes() -> Router<State> {
    use oauth_clients::{create, delete, list, regenerate, show, update};
    let all = || get(list::list).post(create::create);
    Router::new()
        .route("/admin/oauth/clients", all())
        .route("/admin/oauth/clients/", all())
        .route(
            "/admin/oauth/clients/{client_id}",
            get(show::show).put(update::update).delete(delete::delete),
        )
        .route(
            "/admin/oauth/clients/{client_id}/regenerate_secret",
            post(regenerate::regenerate),
        )
}
