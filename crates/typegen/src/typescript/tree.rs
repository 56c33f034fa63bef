//! The TypeScript that is written, as a tree, and how it is laid out.

use super::layout::{Doc, broken_group, group, indent, lines, text};
use super::words::{key, literal};

/// A type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ts {
    /// `string`, `number` and the like.
    Keyword(&'static str),
    /// A named type, with arguments if there are any.
    Named(&'static str, Vec<Ts>),
    /// A text, or `null` and the like.
    Literal(String),
    /// A path into `Database`.
    Path([String; 3], bool),
    Array(Box<Ts>),
    Union(Vec<Ts>),
    Both(Box<Ts>, Box<Ts>),
    Tuple(Vec<Ts>),
    Object(Object),
    /// No key at all.
    Nothing,
}

/// An object type.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Object {
    pub(super) members: Vec<Member>,
    /// One member to a line even where all fit on one.
    pub(super) is_spread: bool,
}

/// A member of an object type.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) is_optional: bool,
    pub(super) ty: Ts,
}

pub(super) const NULL: Ts = Ts::Keyword("null");
pub(super) const UNKNOWN: Ts = Ts::Keyword("unknown");
pub(super) const NEVER: Ts = Ts::Keyword("never");

/// A required member.
pub(super) fn member(key: impl Into<String>, ty: Ts) -> Member {
    Member {
        key: key.into(),
        is_optional: false,
        ty,
    }
}

/// A member that may be left out.
pub(super) fn optional(key: impl Into<String>, ty: Ts) -> Member {
    Member {
        is_optional: true,
        ..member(key, ty)
    }
}

/// An object with one member to a line.
pub(super) fn spread(members: Vec<Member>) -> Ts {
    Ts::Object(Object {
        members,
        is_spread: true,
    })
}

/// An object on one line if it fits.
pub(super) fn compact(members: Vec<Member>) -> Ts {
    Ts::Object(Object {
        members,
        is_spread: false,
    })
}

/// Members by name, or a type that has none.
pub(super) fn named(members: Vec<Member>) -> Ts {
    if members.is_empty() {
        Ts::Nothing
    } else {
        spread(members)
    }
}

impl Ts {
    /// A literal type.
    pub(super) fn literal(text: &str) -> Self {
        Self::Literal(text.to_owned())
    }

    /// `true` or `false`.
    pub(super) fn bool(value: bool) -> Self {
        Self::Keyword(if value { "true" } else { "false" })
    }

    /// Texts in a tuple.
    pub(super) fn literals(texts: &[String]) -> Self {
        Self::Tuple(texts.iter().map(|text| Self::literal(text)).collect())
    }

    /// An array of these.
    pub(super) fn array(self) -> Self {
        Self::Array(Box::new(self))
    }

    /// This with `[]` written behind it, which binds to the last part.
    pub(super) fn followed_by_brackets(self) -> Self {
        match self {
            Self::Union(mut parts) => {
                if let Some(last) = parts.pop() {
                    parts.push(last.array());
                }
                Self::Union(parts)
            }
            Self::Both(left, right) => Self::Both(left, Box::new(right.array())),
            other => other.array(),
        }
    }

    /// This or null. What includes null already stays.
    pub(super) fn or_null(self) -> Self {
        match self {
            Self::Union(mut parts) => {
                parts.push(NULL);
                Self::Union(parts)
            }
            UNKNOWN => UNKNOWN,
            other => Self::Union(vec![other, NULL]),
        }
    }

    /// Laid out behind `key: `.
    pub(super) fn doc(&self) -> Doc {
        match self {
            Self::Union(parts) if is_hugged(parts) => {
                Doc::Concat(vec![parts.first().map_or(text(""), Self::doc), text(" | null")])
            }
            Self::Union(parts) => group(vec![indent(vec![Doc::SoftLine, alternatives(parts)])]),
            Self::Array(inner) => Doc::Concat(vec![inner.element(), text("[]")]),
            Self::Both(left, right) => Doc::Concat(vec![left.doc(), text(" & "), right.doc()]),
            Self::Keyword(word) => text(*word),
            Self::Named(name, arguments) if arguments.len() < 2 => {
                let inner = arguments
                    .first()
                    .map(|argument| vec![text("<"), argument.doc(), text(">")]);
                Doc::Concat([vec![text(*name)], inner.unwrap_or_default()].concat())
            }
            Self::Named(name, arguments) => enclosed(format!("{name}<"), arguments, "", ">"),
            Self::Literal(value) => text(literal(value)),
            Self::Path([schema, section, name], is_row) => {
                let row = if *is_row { "[\"Row\"]" } else { "" };
                text(format!(
                    "Database[{}][{}][{}]{row}",
                    literal(schema),
                    literal(section),
                    literal(name)
                ))
            }
            Self::Tuple(parts) if parts.is_empty() => text("[]"),
            Self::Tuple(parts) => enclosed("[".to_owned(), parts, ",", "]"),
            Self::Object(object) => object.doc(),
            Self::Nothing => braces(vec![text("[_ in never]: never")], "", true),
        }
    }

    /// As element of an array.
    fn element(&self) -> Doc {
        match self {
            Self::Union(parts) => group(vec![
                text("("),
                indent(vec![Doc::SoftLine, alternatives(parts)]),
                Doc::SoftLine,
                text(")"),
            ]),
            Self::Both(..) => Doc::Concat(vec![text("("), self.doc(), text(")")]),
            _ => self.doc(),
        }
    }
}

/// The parts of a union.
fn alternatives(parts: &[Ts]) -> Doc {
    let mut docs = vec![Doc::IfBroken("| ")];
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            docs.extend([Doc::Line, text("| ")]);
        }
        docs.push(indent(vec![part.doc()]));
    }
    Doc::Concat(docs)
}

/// Whether the union is that of null with a named type or an object, which stays on its line.
fn is_hugged(parts: &[Ts]) -> bool {
    matches!(parts, [Ts::Named(..) | Ts::Object(_), last] if *last == NULL)
}

fn enclosed(open: String, parts: &[Ts], trailing: &'static str, close: &'static str) -> Doc {
    group(vec![
        text(open),
        indent([vec![Doc::SoftLine], lines(parts.iter().map(Ts::doc), &text(","))].concat()),
        Doc::IfBroken(trailing),
        Doc::SoftLine,
        text(close),
    ])
}

fn braces(members: Vec<Doc>, separator: &'static str, is_spread: bool) -> Doc {
    let separator = if separator.is_empty() {
        Doc::IfFlat(";")
    } else {
        text(separator)
    };
    let trailing = if matches!(separator, Doc::Text(_)) {
        ","
    } else {
        ""
    };
    let parts = vec![
        text("{"),
        indent([vec![Doc::Line], lines(members, &separator)].concat()),
        Doc::IfBroken(trailing),
        Doc::Line,
        text("}"),
    ];
    if is_spread {
        broken_group(parts)
    } else {
        group(parts)
    }
}

impl Object {
    fn doc(&self) -> Doc {
        if self.members.is_empty() {
            return text("{}");
        }
        braces(self.members.iter().map(Member::doc).collect(), "", self.is_spread)
    }
}

impl Member {
    fn doc(&self) -> Doc {
        let mark = if self.is_optional { "?" } else { "" };
        Doc::Concat(vec![text(format!("{}{mark}: ", key(&self.key))), self.ty.doc()])
    }
}

/// An object value whose members are themselves laid out.
pub(super) fn value(members: Vec<(&str, Doc)>) -> Doc {
    if members.is_empty() {
        return text("{}");
    }
    let members = members
        .into_iter()
        .map(|(name, doc)| Doc::Concat(vec![text(format!("{}: ", key(name))), doc]))
        .collect();
    braces(members, ",", true)
}
