//! `jwt-role-claim-key`: where a token says the role. Either a JSONPath (RFC 9535), which begins with `$`, or the notation
//! of PostgREST 14, which begins with a dot: `.realm.roles[0]`, `."https://x.y/role"`, `.roles[?(@ ^== "app_")]`,
//! `.role[4:]`. What can be read by neither is refused: a path that finds nothing would make everybody anonymous.

use ferrobase_jwt::Claims;
use serde_json::Value;
use serde_json_path::JsonPath;

/// Where a token says the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Steps(Vec<Step>),
    Query(JsonPath),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// Of an object.
    Name(String),
    /// Of an array.
    Index(usize),
    /// Characters of a text; negative positions count from its end.
    Slice(Option<isize>, Option<isize>),
    /// The first text of an array that compares so.
    Filter(Comparison, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Is,
    IsNot,
    StartsWith,
    EndsWith,
    Contains,
}

/// One that begins like another stands before it.
const COMPARISONS: [(&str, Comparison); 5] = [
    ("==^", Comparison::EndsWith),
    ("==", Comparison::Is),
    ("!=", Comparison::IsNot),
    ("^==", Comparison::StartsWith),
    ("*==", Comparison::Contains),
];

impl Default for ClaimPath {
    fn default() -> Self {
        Self(Form::Steps(vec![Step::Name("role".to_owned())]))
    }
}

impl ClaimPath {
    /// `None` = it cannot be evaluated.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let Some(of_root) = text.strip_prefix('$') else {
            return steps(text).map(|steps| Self(Form::Steps(steps)));
        };
        let query = JsonPath::parse(text).ok()?;
        // Names and indices mean the same in both notations, and steps need no copy of the claims.
        let plain = steps(of_root).filter(|steps| {
            let is_plain = |step: &Step| matches!(step, Step::Name(_) | Step::Index(_));
            steps.iter().all(is_plain)
        });
        Some(Self(plain.map_or(Form::Query(query), Form::Steps)))
    }

    /// The role, if there is anything at the path. What is no text becomes its JSON, which no role is called: the request is
    /// refused, and not served as anybody's.
    pub(crate) fn role_of(&self, claims: &Claims) -> Option<String> {
        match &self.0 {
            Form::Steps(steps) => match steps.split_first()? {
                (Step::Name(name), rest) => walk(claims.get(name)?, rest),
                _ => None,
            },
            Form::Query(query) => {
                let all = Value::Object(claims.all().clone());
                query.query(&all).first().map(text_of)
            }
        }
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn walk(value: &Value, steps: &[Step]) -> Option<String> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(text_of(value));
    };
    match step {
        Step::Name(name) => walk(value.as_object()?.get(name)?, rest),
        Step::Index(index) => walk(value.as_array()?.get(*index)?, rest),
        Step::Slice(start, end) => walk(&Value::String(slice(value.as_str()?, *start, *end)), rest),
        Step::Filter(comparison, operand) => {
            let fits = |item: &&Value| item.as_str().is_some_and(|text| comparison.holds(text, operand));
            walk(value.as_array()?.iter().find(fits)?, rest)
        }
    }
}

impl Comparison {
    fn holds(self, text: &str, operand: &str) -> bool {
        match self {
            Self::Is => text == operand,
            Self::IsNot => text != operand,
            Self::StartsWith => text.starts_with(operand),
            Self::EndsWith => text.ends_with(operand),
            Self::Contains => text.contains(operand),
        }
    }
}

fn slice(text: &str, start: Option<isize>, end: Option<isize>) -> String {
    let length = text.chars().count();
    let position = |at: isize| match usize::try_from(at) {
        Ok(from_start) => from_start.min(length),
        Err(_) => length.saturating_sub(at.unsigned_abs()),
    };
    let start = start.map_or(0, position);
    let end = end.map_or(length, position);
    text.chars().take(end).skip(start).collect()
}

/// Reads the notation of PostgREST 14. A path that does not begin with a name finds nothing in any token.
fn steps(mut text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    while !text.is_empty() {
        let (step, rest) = match text.strip_prefix('.') {
            Some(name) => name_step(name)?,
            None => bracket_step(text.strip_prefix('[')?)?,
        };
        steps.push(step);
        text = rest;
    }
    matches!(steps.first(), Some(Step::Name(_))).then_some(steps)
}

fn name_step(text: &str) -> Option<(Step, &str)> {
    if let Some((name, rest)) = quoted(text) {
        return Some((Step::Name(name.to_owned()), rest));
    }
    let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$' | '@');
    let end = text.find(|character| !is_part(character)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (!name.is_empty()).then(|| (Step::Name(name.to_owned()), rest))
}

fn bracket_step(text: &str) -> Option<(Step, &str)> {
    if let Some(filter) = text.strip_prefix("?(@") {
        let filter = filter.trim_start();
        let (comparison, operand) = COMPARISONS
            .iter()
            .find_map(|(sign, comparison)| Some((*comparison, filter.strip_prefix(sign)?)))?;
        let (operand, rest) = quoted(operand.trim_start())?;
        let step = Step::Filter(comparison, operand.to_owned());
        return Some((step, rest.strip_prefix(")]")?));
    }
    let (inside, rest) = text.split_once(']')?;
    let step = match inside.split_once(':') {
        Some((start, end)) => Step::Slice(position(start)?, position(end)?),
        None => Step::Index(inside.parse().ok()?),
    };
    Some((step, rest))
}

/// The outer `None` is none at all, the inner one that it is left out.
fn position(text: &str) -> Option<Option<isize>> {
    if text.is_empty() {
        return Some(None);
    }
    text.parse().ok().map(Some)
}

/// What stands between quotation marks, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('"')?.split_once('"')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn role(path: &str, claims: &Value) -> Option<String> {
        let claims: Claims = serde_json::from_value(claims.clone()).unwrap();
        let path = ClaimPath::read(path);
        path.unwrap().role_of(&claims)
    }

    fn all_find(claims: &Value, wanted: &[(&str, Option<&str>)]) {
        for (path, wanted) in wanted {
            assert_eq!(role(path, claims).as_deref(), *wanted, "{path}");
        }
    }

    #[test]
    fn json_paths() {
        let claims = serde_json::json!({
            "roles": ["other", "author", "editor"],
            "realm": { "role": "deep" },
            "x]y": "bracket",
            "list": [{ "name": "a", "on": false }, { "name": "b", "on": true }],
        });
        all_find(
            &claims,
            &[
                ("$.realm.role", Some("deep")),
                ("$['x]y']", Some("bracket")),
                ("$[\"x]y\"]", Some("bracket")),
                ("$.roles[0]", Some("other")),
                ("$.roles[-1]", Some("editor")),
                ("$.roles[9]", None),
                ("$.roles[1:]", Some("author")),
                ("$..role", Some("deep")),
                ("$.roles[*]", Some("other")),
                ("$.roles[?(@ == 'author')]", Some("author")),
                ("$.roles[?@ == 'editor']", Some("editor")),
                ("$.roles[?@ == 'nobody']", None),
                ("$.roles[?search(@, 'dit')]", Some("editor")),
                ("$.roles[?match(@, 'a.*')]", Some("author")),
                ("$.list[?@.on == true].name", Some("b")),
                ("$.role", None),
                ("$['role']", None),
            ],
        );
    }

    #[test]
    fn paths_of_version_14() {
        let claims = serde_json::json!({
            "role": "simple",
            "https://x.y/role": { "z": "url" },
            "a$@_1": ["x", "app_writer", 7, "app_reader"],
        });
        all_find(
            &claims,
            &[
                (".role", Some("simple")),
                (" .role\n", Some("simple")),
                (".\"https://x.y/role\".z", Some("url")),
                (".a$@_1[1]", Some("app_writer")),
                (".a$@_1[9]", None),
                (".a$@_1.x", None),
                (r#".a$@_1[?(@ == "app_reader")]"#, Some("app_reader")),
                (r#".a$@_1[?(@ != "x")]"#, Some("app_writer")),
                (r#".a$@_1[?(@ ^== "app_")]"#, Some("app_writer")),
                (r#".a$@_1[?(@ ==^ "reader")]"#, Some("app_reader")),
                (r#".a$@_1[?(@ *== "p_r")]"#, Some("app_reader")),
                (r#".a$@_1[?(@ == "none")]"#, None),
                (r#".a$@_1[?(@^=="app_")][4:]"#, Some("writer")),
                (".role[:-2]", Some("simp")),
                (".role[-9:9]", Some("simple")),
                (".role[4:2]", Some("")),
            ],
        );
    }

    #[test]
    fn claims_are_looked_at_as_the_token_has_them() {
        let other = serde_json::json!({ "role": ["x", "y"], "a": 1 });
        all_find(
            &other,
            &[("$.role[?@ == 'y']", Some("y")), ("$..*", Some(r#"["x","y"]"#))],
        );
        all_find(
            &serde_json::json!({ "a": "first" }),
            &[("$.*", Some("first")), ("$..role", None)],
        );
    }

    #[test]
    fn what_is_no_text_is_nobodys_role() {
        let claims = serde_json::json!({ "role": ["a", "b"], "n": 7, "nothing": null });
        all_find(
            &claims,
            &[
                (".role", Some(r#"["a","b"]"#)),
                ("$.n", Some("7")),
                ("$.nothing", Some("null")),
                ("$['n', 'role']", Some("7")),
            ],
        );
    }

    #[test]
    fn what_cannot_be_evaluated_is_refused() {
        for path in [
            "",
            "role",
            ".",
            "..role",
            ".role extra",
            ".a[",
            ".a[x]",
            ".a[-1]",
            ".a[1:2:3]",
            ".\"open",
            "[0].role",
            r#".a[?(@ = "x")]"#,
            r#".a[?(@ == "x")"#,
            ".a[?(@ == 'x')]",
            ".a[?(@ == x)]",
            "$role",
            "$.a[",
            "$.a[?]",
            "$.a[?unknown(@)]",
            "$.\"quoted\"",
        ] {
            assert_eq!(ClaimPath::read(path), None, "{path}");
        }
    }

    #[test]
    fn the_default_is_the_claim_role() {
        assert_eq!(ClaimPath::read("$.role"), Some(ClaimPath::default()));
        assert_eq!(ClaimPath::read(".role"), Some(ClaimPath::default()));
    }
}
