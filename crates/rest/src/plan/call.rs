//! Calls of functions (rest.md section 14).

use std::collections::BTreeSet;

use bytes::Bytes;

use super::ReadPlan;
use super::read::{Planner, Root};
use super::{Source, similar};
use crate::error::RestError;
use crate::request::{Action, Body, MediaType};
use crate::schema::{Name, Parameter, QualifiedName, Relation, ReturnValue, Routine};

/// A call.
#[derive(Debug)]
pub struct CallPlan<'a> {
    /// The function.
    pub routine: &'a Routine,
    /// What it is called with.
    pub values: CallValues,
    /// What is shown of its rows; a value is a row of one column.
    pub shown: ReadPlan,
}

/// What a function is called with.
#[derive(Debug)]
pub enum CallValues {
    /// Texts, one for each named parameter that is given.
    Texts(Vec<Argument>),
    /// The members of a JSON object.
    Json {
        /// The object, or an array whose first element counts.
        json: Bytes,
        /// It is an array.
        is_array: bool,
        /// Names and types of the parameters that are given, and whether they are variadic.
        parameters: Vec<(Name, Name, bool)>,
    },
    /// The whole body as the only parameter, which has no name.
    Body {
        /// The body.
        bytes: Bytes,
        /// The parameter's type.
        type_name: Name,
    },
}

/// One argument.
#[derive(Debug)]
pub struct Argument {
    /// The parameter's name.
    pub name: Name,
    /// Type that the text is cast to.
    pub type_name: Name,
    /// The values: several for a variadic parameter only.
    pub values: Vec<String>,
    /// It is a variadic parameter: an array of the values.
    pub variadic: bool,
}

impl<'a> Planner<'a> {
    /// A call of a function of the request's schema.
    pub fn call(&mut self, name: &str) -> Result<CallPlan<'a>, RestError> {
        let keys = self.argument_names();
        let routine = self.routine(name, &keys)?;
        if self.request.preferences.most_affected().is_some() && !routine.returns.is_set {
            return Err(RestError::MaxAffectedOnSingle);
        }
        let values = self.values(routine);
        let relation = match &routine.returns.value {
            ReturnValue::Composite { type_name, .. } => self.cache.relations.get(type_name),
            ReturnValue::Void | ReturnValue::Scalar { .. } => None,
        };
        let shown = self.returned_by(routine, relation)?;
        Ok(CallPlan {
            routine,
            values,
            shown,
        })
    }

    /// The function that OPTIONS describes: the one that takes no arguments.
    pub fn described(&mut self, name: &str) -> Result<&'a Routine, RestError> {
        self.call(name).map(|plan| plan.routine)
    }

    fn returned_by(&mut self, routine: &Routine, relation: Option<&Relation>) -> Result<ReadPlan, RestError> {
        let name = relation.map_or(&routine.name, |relation| &relation.name);
        let root = Root {
            source: Source::Result,
            relation,
            name: name.clone(),
        };
        let range = self.request.range.capped(self.config.max_rows);
        let mut plan = self.rows(&root, range)?;
        self.attach_filters(&mut plan, |_| true)?;
        Ok(plan)
    }

    /// Names of the arguments that the request gives.
    fn argument_names(&self) -> BTreeSet<String> {
        let request = self.request;
        if request.action == Action::CallSafely {
            return request
                .query
                .arguments
                .iter()
                .map(|(name, _)| name.clone())
                .collect();
        }
        match &request.body {
            Body::Json { keys, .. } => match (&request.query.columns, keys) {
                (Some(columns), _) => columns.iter().cloned().collect(),
                (None, Some(keys)) => keys.keys.iter().cloned().collect(),
                (None, None) => BTreeSet::new(),
            },
            Body::Form(fields) => fields.iter().map(|(name, _)| name.clone()).collect(),
            Body::Raw { .. } | Body::None => BTreeSet::new(),
        }
    }

    fn routine(&self, name: &str, keys: &BTreeSet<String>) -> Result<&'a Routine, RestError> {
        let qualified = QualifiedName::new(&self.request.schema, name);
        let overloads = self
            .cache
            .routines
            .get(&qualified)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let by_name: Vec<&Routine> = overloads
            .iter()
            .filter(|routine| self.takes(routine, keys))
            .collect();
        let by_body = || -> Vec<&Routine> {
            overloads
                .iter()
                .filter(|routine| self.takes_body(routine))
                .collect()
        };
        let candidates = if by_name.is_empty() { by_body() } else { by_name };
        match candidates[..] {
            [found] => Ok(found),
            [] => Err(self.no_routine(&qualified, overloads, keys)),
            _ => Err(RestError::AmbiguousRoutine(signatures(&candidates))),
        }
    }

    /// Whether a function has exactly these parameters, those with defaults aside.
    fn takes(&self, routine: &Routine, keys: &BTreeSet<String>) -> bool {
        if routine.parameters.is_empty() {
            return keys.is_empty() && !matches!(self.request.body, Body::Raw { .. });
        }
        let is_known = |key: &String| {
            routine
                .parameters
                .iter()
                .any(|parameter| *parameter.name == **key)
        };
        keys.iter().all(is_known)
            && routine
                .parameters
                .iter()
                .filter(|parameter| parameter.required)
                .all(|parameter| keys.contains(&*parameter.name))
    }

    /// Whether a function takes the whole body as its only parameter.
    fn takes_body(&self, routine: &Routine) -> bool {
        let [Parameter { name, type_name, .. }] = &routine.parameters[..] else {
            return false;
        };
        name.is_empty()
            && match &self.request.body {
                Body::Json { is_original, .. } => *is_original && matches!(&**type_name, "json" | "jsonb"),
                Body::Raw { media_type, .. } => *raw_type(media_type) == **type_name,
                Body::Form(_) | Body::None => false,
            }
    }

    fn values(&self, routine: &Routine) -> CallValues {
        let request = self.request;
        if self.takes_body(routine) && !self.takes(routine, &self.argument_names()) {
            let bytes = match &request.body {
                Body::Json { bytes, .. } | Body::Raw { bytes, .. } => bytes.clone(),
                Body::Form(_) | Body::None => Bytes::new(),
            };
            return CallValues::Body {
                bytes,
                type_name: routine.parameters[0].type_name.clone(),
            };
        }
        match &request.body {
            Body::Json { bytes, keys, .. } => {
                let given = self.argument_names();
                CallValues::Json {
                    json: bytes.clone(),
                    is_array: keys.as_ref().map_or_else(
                        || bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'['),
                        |keys| keys.is_array,
                    ),
                    parameters: routine
                        .parameters
                        .iter()
                        .filter(|parameter| given.contains(&*parameter.name))
                        .map(|parameter| {
                            (
                                parameter.name.clone(),
                                parameter.cast_type.clone(),
                                parameter.variadic,
                            )
                        })
                        .collect(),
                }
            }
            Body::Form(fields) => texts(routine, fields),
            Body::Raw { .. } | Body::None => texts(routine, &request.query.arguments),
        }
    }

    fn no_routine(&self, name: &QualifiedName, overloads: &[Routine], keys: &BTreeSet<String>) -> RestError {
        let function = format!("{}.{}", name.schema, name.name);
        let list = keys.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let by_body = match &self.request.body {
            Body::Raw { media_type, .. } => Some(raw_type(media_type)),
            _ => None,
        };
        let signature = match (by_body, keys.is_empty()) {
            (Some(_), _) => String::new(),
            (None, true) => " without parameters".to_owned(),
            (None, false) => format!("({list})"),
        };
        let mut searched = match (by_body, keys.len()) {
            (Some(type_name), _) => format!(" with a single unnamed {type_name} parameter"),
            (None, 0) => " without parameters".to_owned(),
            (None, 1) => format!(" with parameter {list}"),
            (None, _) => format!(" with parameters {list}"),
        };
        if matches!(
            self.request.body,
            Body::Json {
                is_original: true,
                ..
            }
        ) {
            searched.push_str(" or with a single unnamed json/jsonb parameter");
        }
        let hint = if by_body.is_some() {
            None
        } else if overloads.is_empty() {
            similar::routine(self.cache, &name.schema, &name.name)
        } else {
            let lists: Vec<String> = overloads
                .iter()
                .map(|routine| {
                    let mut names: Vec<&str> = routine
                        .parameters
                        .iter()
                        .map(|parameter| &*parameter.name)
                        .collect();
                    names.sort_unstable();
                    format!("({})", names.join(", "))
                })
                .collect();
            similar::parameters(&format!("({list})"), &lists)
                .map(|best| format!("Perhaps you meant to call the function {function}{best}"))
        };
        RestError::NoRoutine {
            message: format!("Could not find the function {function}{signature} in the schema cache"),
            details: format!(
                "Searched for the function {function}{searched}, but no matches were found in the schema cache."
            ),
            hint,
        }
    }
}

fn texts(routine: &Routine, given: &[(String, String)]) -> CallValues {
    let arguments = routine
        .parameters
        .iter()
        .filter_map(|parameter| {
            let mut values: Vec<String> = given
                .iter()
                .filter(|(name, _)| **name == *parameter.name)
                .map(|(_, value)| value.clone())
                .collect();
            // Repeated values make an array for a variadic parameter; otherwise the last one counts.
            if !parameter.variadic {
                values = values.pop().into_iter().collect();
            }
            (!values.is_empty()).then(|| Argument {
                name: parameter.name.clone(),
                type_name: parameter.cast_type.clone(),
                values,
                variadic: parameter.variadic,
            })
        })
        .collect();
    CallValues::Texts(arguments)
}

fn raw_type(media_type: &MediaType) -> &'static str {
    match media_type {
        MediaType::Text => "text",
        MediaType::Xml => "xml",
        _ => "bytea",
    }
}

fn signatures(routines: &[&Routine]) -> String {
    routines
        .iter()
        .map(|routine| {
            let parameters: Vec<String> = routine
                .parameters
                .iter()
                .map(|parameter| format!("{} => {}", parameter.name, parameter.type_name))
                .collect();
            format!(
                "{}.{}({})",
                routine.name.schema,
                routine.name.name,
                parameters.join(", ")
            )
        })
        .collect::<Vec<_>>()
        .join(", ")
}
