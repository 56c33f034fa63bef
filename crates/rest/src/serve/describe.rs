//! OPTIONS (rest.md section 17).

use axum::response::Response;

use super::Serving;
use crate::error::RestError;
use crate::request::Target;
use crate::response::Builder;
use crate::schema::{QualifiedName, Relation, Volatility};

pub(super) fn serve(serving: &Serving) -> Result<Response, RestError> {
    let methods = match &serving.request.target {
        Target::Root => "OPTIONS,GET,HEAD".to_owned(),
        Target::Relation(name) => {
            let qualified = QualifiedName::new(&serving.request.schema, name);
            let relation = serving.cache.relations.get(&qualified);
            methods(relation.ok_or_else(|| RestError::NoRelation {
                schema: serving.request.schema.clone(),
                name: name.clone(),
                suggestion: None,
            })?)
        }
        Target::Routine(name) => {
            let routine = serving.planner().described(name)?;
            serving.request.preferences.check()?;
            match routine.volatility {
                Volatility::Volatile => "OPTIONS,POST",
                _ => "OPTIONS,GET,HEAD,POST",
            }
            .to_owned()
        }
    };
    Builder::new(serving, 200)
        .header("allow", &methods)
        .header("access-control-allow-origin", "*")
        .empty()
}

fn methods(relation: &Relation) -> String {
    let mut methods = String::from("OPTIONS,GET,HEAD");
    let can_put = relation.insertable && relation.updatable && !relation.primary_key.is_empty();
    for (is_possible, method) in [
        (relation.insertable, ",POST"),
        (can_put, ",PUT"),
        (relation.updatable, ",PATCH"),
        (relation.deletable, ",DELETE"),
    ] {
        if is_possible {
            methods.push_str(method);
        }
    }
    methods
}
