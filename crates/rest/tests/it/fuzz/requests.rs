//! Random requests made of the schema's names: mostly sensible ones, some with a mistake, some with scratches.

use axum::body::Body;
use axum::http::{Method, Request};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::names::{Names, Relation};
use super::random::Random;
use super::words::{AGGREGATES, CASTS, condition, value};

/// A request, readable.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) schema: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) prefer: &'static str,
    pub(crate) body: String,
}

const PREFER: &[&str] = &[
    "count=exact",
    "count=planned",
    "return=representation",
    "return=representation, missing=default",
    "return=headers-only, resolution=merge-duplicates",
    "resolution=ignore-duplicates, return=representation",
    "timezone=Europe/Rome",
];

/// Bytes that mean something to somebody.
const SCRATCHES: &[&str] = &[
    "\"", "'", "(", ")", ",", ".", ":", "::", "*", "!", "->", "->>", "{", "}", "\\", "%", "&", "=", " ",
    "\0", "é", "...", "--", ";", "not.", "0", "-", "$1", "/*", "count()", "(*)", "is.null", "日",
];

impl Asked {
    pub(crate) fn random(random: &mut Random, names: &Names) -> Self {
        let kind = random.below(100);
        let mut asked = if kind < 12 {
            call(random, names)
        } else {
            of_relation(random, names, kind)
        };
        if random.chance(20) {
            scratch(random, &mut asked.query);
        }
        asked
    }

    pub(crate) fn request(&self) -> Request<Body> {
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(format!("{}?{}", encoded(&self.path), encoded(&self.query)))
            .header("Accept-Profile", &self.schema)
            .header("Content-Profile", &self.schema)
            .header("Content-Type", "application/json");
        if !self.prefer.is_empty() {
            request = request.header("Prefer", self.prefer);
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }
}

/// Encoded, except the percent signs that scratches left.
pub(crate) fn encoded(text: &str) -> String {
    const SENT: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'<')
        .add(b'>')
        .add(b'{')
        .add(b'}')
        .add(b'|')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'?');
    utf8_percent_encode(text, SENT).to_string()
}

fn scratch(random: &mut Random, text: &mut String) {
    for _ in 0..=random.below(3) {
        let at = |random: &mut Random, text: &str| {
            let mut at = random.below(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (one, other) = (at(random, text), at(random, text));
        let (start, end) = (one.min(other), one.max(other));
        match random.below(5) {
            0 => text.insert_str(one, random.pick::<&str>(SCRATCHES)),
            1 => drop(text.remove_one(one)),
            2 if end - start < 40 => drop(text.drain(start..end)),
            3 if text.len() < 2000 => {
                let piece = text[start..end].to_owned();
                text.insert_str(one, &piece);
            }
            _ => text.insert_str(other, random.pick::<&str>(SCRATCHES)),
        }
    }
}

trait RemoveOne {
    fn remove_one(&mut self, at: usize) -> Option<char>;
}

impl RemoveOne for String {
    fn remove_one(&mut self, at: usize) -> Option<char> {
        (at < self.len()).then(|| self.remove(at))
    }
}

fn call(random: &mut Random, names: &Names) -> Asked {
    let routine = random.pick(&names.routines);
    let given: Vec<(String, String)> = routine
        .arguments
        .iter()
        .filter(|_| !random.chance(10))
        .map(|(name, type_name)| (name.clone(), type_name.clone()))
        .collect();
    let by_get = random.chance(50);
    let mut parts = Vec::new();
    let mut members = serde_json::Map::new();
    for (name, type_name) in given {
        let value = value(random, &type_name);
        if by_get {
            parts.push(format!("{name}={}", value.replace('&', "")));
        } else {
            let value = serde_json::from_str(&value).unwrap_or(serde_json::Value::String(value));
            members.insert(name, value);
        }
    }
    if let Some(relation) = routine.returns.filter(|_| random.chance(70)) {
        parts.push(Shape { random, names }.query(relation));
    }
    Asked {
        method: if by_get { Method::GET } else { Method::POST },
        schema: routine.schema.clone(),
        path: format!("/rpc/{}", routine.name),
        query: parts.join("&"),
        prefer: "",
        body: if by_get {
            String::new()
        } else {
            serde_json::Value::Object(members).to_string()
        },
    }
}

fn of_relation(random: &mut Random, names: &Names, kind: usize) -> Asked {
    let index = random.below(names.relations.len());
    let relation = &names.relations[index];
    let method = match kind {
        12..80 => Method::GET,
        80..83 => Method::HEAD,
        83..89 => Method::POST,
        89..94 => Method::PATCH,
        94..98 => Method::DELETE,
        _ => Method::PUT,
    };
    let body = if matches!(method, Method::POST | Method::PATCH | Method::PUT) {
        body(random, relation, method == Method::POST)
    } else {
        String::new()
    };
    let mut query = Shape { random, names }.query(index);
    if method == Method::POST && random.chance(20) {
        let column = &random.pick(&relation.columns).0;
        query = format!("on_conflict={}&{query}", quoted(column));
    }
    Asked {
        method,
        schema: relation.schema.clone(),
        path: format!("/{}", relation.name),
        query,
        prefer: if random.chance(40) {
            random.pick::<&str>(PREFER)
        } else {
            ""
        },
        body,
    }
}

fn body(random: &mut Random, relation: &Relation, may_be_many: bool) -> String {
    let columns: Vec<&(String, String)> = relation.columns.iter().filter(|_| random.chance(70)).collect();
    let mut row = || {
        let members = columns.iter().map(|(name, type_name)| {
            let value = value(random, type_name);
            (
                name.clone(),
                serde_json::from_str(&value).unwrap_or(serde_json::Value::String(value)),
            )
        });
        serde_json::Value::Object(members.collect())
    };
    let first = row();
    if may_be_many && columns.len().is_multiple_of(2) {
        return serde_json::Value::Array(vec![first, row()]).to_string();
    }
    first.to_string()
}

/// A name as the grammar wants it.
pub(crate) fn quoted(name: &str) -> String {
    let is_bare = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_bare {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// The query of a request while it is made.
struct Shape<'s> {
    random: &'s mut Random,
    names: &'s Names,
}

impl Shape<'_> {
    fn query(mut self, relation: usize) -> String {
        let mut parts = Vec::new();
        // Levels that filters, orders and limits can go to.
        let mut levels = vec![(String::new(), relation)];
        if self.random.chance(75) {
            let grouped = self.random.chance(12);
            let items = self.items(relation, 0, "", grouped, &mut levels);
            parts.push(format!("select={items}"));
        }
        for (prefix, relation) in &levels {
            for _ in 0..self.random.below(3) {
                parts.push(self.filter(prefix, *relation));
            }
            if self.random.chance(25) {
                parts.push(format!("{prefix}order={}", self.order(*relation, &levels)));
            }
            if self.random.chance(if prefix.is_empty() { 60 } else { 20 }) {
                parts.push(format!("{prefix}limit={}", self.random.below(9)));
            }
            if self.random.chance(10) {
                parts.push(format!("{prefix}offset={}", self.random.below(5)));
            }
        }
        parts.join("&")
    }

    fn field(&mut self, relation: usize) -> (String, String) {
        if self.random.chance(2) {
            return ("nothing".to_owned(), "text".to_owned());
        }
        let (name, type_name) = self.random.pick(&self.names.relations[relation].columns);
        let has_paths =
            matches!(type_name.as_str(), "json" | "jsonb" | "shop.size") || type_name.ends_with("[]");
        if (has_paths && self.random.chance(60)) || self.random.chance(2) {
            let arrow = self.random.pick(&["->", "->>"]);
            let key = self.random.pick(&[
                "a",
                "0",
                "-1",
                "parts->1->>name",
                "\"odd key\"",
                "address->zip",
                "width",
            ]);
            return (format!("{}{arrow}{key}", quoted(name)), "text".to_owned());
        }
        (quoted(name), type_name.clone())
    }

    fn items(
        &mut self,
        relation: usize,
        depth: usize,
        prefix: &str,
        grouped: bool,
        levels: &mut Vec<(String, usize)>,
    ) -> String {
        let mut items = Vec::new();
        for _ in 0..=self.random.below(4) {
            let related = &self.names.relations[relation].related;
            let item = match self.random.below(100) {
                0..15 if !grouped => "*".to_owned(),
                0..45 if depth < 3 && !related.is_empty() => self.embed(relation, depth, prefix, levels),
                45..50 if grouped => "count()".to_owned(),
                _ => self.column(relation, grouped),
            };
            items.push(item);
        }
        items.join(",")
    }

    fn column(&mut self, relation: usize, grouped: bool) -> String {
        let (field, _) = self.field(relation);
        let alias = if self.random.chance(15) { "alias:" } else { "" };
        let cast = if self.random.chance(12) {
            format!("::{}", self.random.pick(CASTS))
        } else {
            String::new()
        };
        let aggregate = if grouped && self.random.chance(50) {
            format!(".{}()", self.random.pick(AGGREGATES))
        } else {
            String::new()
        };
        format!("{alias}{field}{cast}{aggregate}")
    }

    fn embed(
        &mut self,
        relation: usize,
        depth: usize,
        prefix: &str,
        levels: &mut Vec<(String, usize)>,
    ) -> String {
        let (spec, target) = self.random.pick(&self.names.relations[relation].related).clone();
        let name = spec.split('!').next().unwrap_or_default().to_owned();
        let spec = if self.random.chance(25) {
            name.clone()
        } else {
            spec
        };
        let is_spread = self.random.chance(20);
        let alias = (!is_spread && self.random.chance(25)).then(|| format!("e{}", levels.len()));
        let key = format!("{prefix}{}.", quoted(alias.as_deref().unwrap_or(&name)));
        let join = self.random.pick(&["", "", "!inner", "!left"]);
        let position = levels.len();
        levels.push((key.clone(), target));
        let grouped = self.random.chance(6);
        let items = if self.random.chance(8) {
            String::new()
        } else {
            self.items(target, depth + 1, &key, grouped, levels)
        };
        debug_assert!(levels.len() > position);
        let dots = if is_spread { "..." } else { "" };
        let alias = alias.map(|alias| format!("{alias}:")).unwrap_or_default();
        format!("{dots}{alias}{spec}{join}({items})")
    }

    fn filter(&mut self, prefix: &str, relation: usize) -> String {
        if self.random.chance(20) {
            let not = if self.random.chance(20) { "not." } else { "" };
            let word = *self.random.pick(&["or", "and"]);
            return format!("{prefix}{not}{word}={}", self.tree(relation, 0));
        }
        if self.random.chance(6) {
            let related = &self.names.relations[relation].related;
            if !related.is_empty() {
                let (spec, _) = self.random.pick(related);
                let name = spec.split('!').next().unwrap_or_default();
                return format!(
                    "{prefix}{}={}",
                    quoted(name),
                    self.random.pick(&["is.null", "not.is.null"])
                );
            }
        }
        let (field, type_name) = self.field(relation);
        format!(
            "{prefix}{field}={}",
            condition(self.random, &type_name, false).replace('&', "")
        )
    }

    fn tree(&mut self, relation: usize, depth: usize) -> String {
        let mut conditions = Vec::new();
        for _ in 0..=self.random.below(3) {
            if depth < 3 && self.random.chance(25) {
                let not = if self.random.chance(20) { "not." } else { "" };
                let word = *self.random.pick(&["or", "and"]);
                conditions.push(format!("{not}{word}{}", self.tree(relation, depth + 1)));
            } else {
                let (field, type_name) = self.field(relation);
                conditions.push(format!(
                    "{field}.{}",
                    condition(self.random, &type_name, true).replace('&', "")
                ));
            }
        }
        format!("({})", conditions.join(","))
    }

    fn order(&mut self, relation: usize, levels: &[(String, usize)]) -> String {
        let mut terms = Vec::new();
        for _ in 0..=self.random.below(2) {
            let (prefix, target) = self.random.pick(levels).clone();
            let ending = self
                .random
                .pick(&["", ".asc", ".desc", ".nullsfirst", ".desc.nullslast"]);
            if self.random.chance(20) && !prefix.is_empty() && prefix.matches('.').count() == 1 {
                let (field, _) = self.field(target);
                terms.push(format!("{}({field}){ending}", prefix.trim_end_matches('.')));
            } else {
                let (field, _) = self.field(relation);
                terms.push(format!("{field}{ending}"));
            }
        }
        terms.join(",")
    }
}
