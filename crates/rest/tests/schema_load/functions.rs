//! Functions, representations, media handlers.

use ferrobase_rest::schema::{
    MediaHandler, MediaHandlerKey, QualifiedName, ReturnValue, Routine, Volatility,
};

use crate::{api, cache};

fn overloads(name: &str) -> &'static [Routine] {
    cache().routines_named("api", name)
}

#[track_caller]
fn routine(name: &str) -> &'static Routine {
    match overloads(name) {
        [one] => one,
        other => panic!("{name}: {other:?}"),
    }
}

/// `setof` and the type.
fn returns(name: &str) -> String {
    let returns = &routine(name).returns;
    let value = match &returns.value {
        ReturnValue::Void => "void".to_owned(),
        ReturnValue::Scalar { type_name } => format!("scalar {}.{}", type_name.schema, type_name.name),
        ReturnValue::Composite { type_name, is_alias } => format!(
            "row {}.{}{}",
            type_name.schema,
            type_name.name,
            if *is_alias { " by another name" } else { "" }
        ),
    };
    format!("{}{value}", if returns.is_set { "setof " } else { "" })
}

#[test]
fn only_callable_functions_of_exposed_schemas_are_known() {
    for name in ["triggers", "process", "no_body", "picture", "unseen"] {
        assert!(overloads(name).is_empty(), "{name}");
    }
    assert!(cache().routines_named("hidden", "unseen").is_empty());
    assert_eq!(&*routine("body").parameters[0].name, "");
    assert_eq!(&*routine("body").parameters[0].type_name, "json");
}

#[test]
fn returned_values_have_kinds() {
    assert_eq!(returns("area"), "row pg_catalog.record");
    assert_eq!(returns("all_of"), "setof scalar pg_catalog.text");
    assert_eq!(returns("rows"), "setof row pg_catalog.record");
    assert_eq!(returns("anything"), "scalar pg_catalog.record");
    assert_eq!(returns("person"), "row api.people");
    assert_eq!(returns("aliased"), "setof row api.people by another name");
    assert_eq!(returns("cut"), "scalar api.short_text");
}

#[test]
fn parameters_are_those_that_go_in() {
    let area = routine("area");
    let parameters: Vec<(&str, &str, bool)> = area
        .parameters
        .iter()
        .map(|parameter| (&*parameter.name, &*parameter.type_name, parameter.required))
        .collect();
    assert_eq!(
        parameters,
        [("width", "integer", true), ("height", "integer", false)]
    );
    assert_eq!(area.volatility, Volatility::Immutable);

    let all_of = routine("all_of");
    assert!(all_of.is_variadic && all_of.parameters[0].variadic && all_of.parameters[0].required);
    assert_eq!(&*all_of.parameters[0].type_name, "text[]");
}

#[test]
fn casts_do_not_cut() {
    let casts: Vec<(&str, &str)> = routine("cut")
        .parameters
        .iter()
        .map(|parameter| (&*parameter.type_name, &*parameter.cast_type))
        .collect();
    assert_eq!(
        casts,
        [
            ("character", "character varying"),
            ("bit[]", "bit varying[]"),
            ("api.short_text", "api.short_text"),
        ]
    );
}

#[test]
fn overloads_with_few_parameters_come_first() {
    let counts: Vec<usize> = overloads("overloaded")
        .iter()
        .map(|routine| routine.parameters.len())
        .collect();
    assert_eq!(counts, [0, 1, 2]);
}

#[test]
fn settings_are_split_from_the_isolation_level() {
    let configured = routine("configured");
    assert_eq!(configured.isolation.as_deref(), Some("serializable"));
    assert_eq!(
        configured.settings,
        [
            ("statement_timeout".into(), "3s".to_owned()),
            ("shop.pair".into(), "a=b".to_owned()),
        ]
    );
    assert_eq!(configured.description.as_deref(), Some("With settings"));
}

#[test]
fn implicit_casts_of_domains_are_representations() {
    let representations = &cache().representations;
    assert_eq!(representations.len(), 1);
    let color = representations.values().next().unwrap();
    assert_eq!(color.to_json, Some(api("color_to_json")));
    assert_eq!(color.from_json, Some(api("color_from_json")));
    assert_eq!(color.from_text, None);
}

#[test]
fn media_handlers_serve_functions_relations_or_all() {
    let handlers = &cache().media_handlers;
    let handler = |target: Option<QualifiedName>, media_type: &str| {
        handlers.get(&MediaHandlerKey {
            target,
            media_type: media_type.to_owned(),
        })
    };
    assert!(matches!(
        handler(Some(api("page")), "text/html"),
        Some(MediaHandler::Routine)
    ));
    assert!(matches!(
        handler(Some(api("any_page")), "*/*"),
        Some(MediaHandler::Routine)
    ));
    match handler(Some(api("people")), "image/png") {
        Some(MediaHandler::Aggregate { function, row_type }) => {
            assert_eq!(function, &api("picture"));
            assert_eq!(row_type, &Some(api("people")));
        }
        other => panic!("{other:?}"),
    }
    match handler(None, "text/html") {
        Some(MediaHandler::Aggregate { function, row_type }) => {
            assert_eq!(function, &api("any_html"));
            assert_eq!(row_type, &None);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(handlers.len(), 4);
}
