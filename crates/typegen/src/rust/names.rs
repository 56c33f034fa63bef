//! Names of the database as identifiers of Rust.

use std::collections::HashSet;

use unicode_ident::{is_xid_continue, is_xid_start};

/// Words that need `r#`.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait",
    "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Words that cannot be names even so.
const NEVER: [&str; 5] = ["crate", "self", "super", "Self", "_"];

/// Types that the modules use themselves.
const USED: [&str; 6] = ["Option", "Vec", "String", "Serialize", "Deserialize", "Some"];

/// The identifiers of one place, no two alike.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// Types of a module.
    pub(super) fn for_types() -> Self {
        Self {
            taken: USED.map(str::to_owned).into(),
        }
    }

    /// A field: the name as it is, as far as that goes.
    pub(super) fn field(&mut self, name: &str) -> String {
        let cleaned: String = name
            .chars()
            .map(|letter| if is_xid_continue(letter) { letter } else { '_' })
            .collect();
        let begins_well = cleaned
            .chars()
            .next()
            .is_some_and(|first| is_xid_start(first) || first == '_');
        let cleaned = if begins_well {
            cleaned
        } else {
            format!("_{cleaned}")
        };
        let own = self.own(&cleaned);
        if KEYWORDS.contains(&own.as_str()) {
            format!("r#{own}")
        } else {
            own
        }
    }

    /// A module.
    pub(super) fn module(&mut self, schema: &str) -> String {
        self.field(schema)
    }

    /// A variant.
    pub(super) fn variant(&mut self, label: &str) -> String {
        self.named(&[label])
    }

    /// A type, of words: each begins with a capital.
    pub(super) fn named(&mut self, parts: &[&str]) -> String {
        let mut name = String::new();
        for word in parts
            .iter()
            .flat_map(|part| part.split(|letter: char| !is_xid_continue(letter) || letter == '_'))
        {
            let mut letters = word.chars();
            name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
            name.push_str(letters.as_str());
        }
        if !name.chars().next().is_some_and(is_xid_start) {
            name.insert(0, 'N');
        }
        self.own(&name)
    }

    /// The name itself, or with a number.
    fn own(&mut self, name: &str) -> String {
        let mut own = name.to_owned();
        let mut number = 1;
        while NEVER.contains(&own.as_str()) || !self.taken.insert(own.clone()) {
            number += 1;
            own = format!("{name}_{number}");
        }
        own
    }
}

/// The name that serde gives to a field or variant.
pub(super) fn as_serde_sees_it(name: &str) -> &str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// A name in a comment, on one line whatever is in it.
pub(super) fn shown(name: &str) -> String {
    format!("`{}`", name.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_names_where_they_can() {
        let mut names = Names::default();
        let fields = [
            "id",
            "type",
            "self",
            "a-b",
            "a_b",
            "1st",
            "Mixed Case",
            "ünï",
            "",
            "_",
        ]
        .map(|name| names.field(name));
        assert_eq!(
            fields,
            [
                "id",
                "r#type",
                "self_2",
                "a_b",
                "a_b_2",
                "_1st",
                "Mixed_Case",
                "ünï",
                "__2",
                "__3"
            ]
        );
    }

    #[test]
    fn types_are_of_words_and_unique() {
        let mut names = Names::for_types();
        let types = [
            names.named(&["order_items", "row"]),
            names.named(&["order-items row"]),
            names.named(&["string"]),
            names.named(&["so so"]),
            names.named(&["2fa"]),
            names.named(&["'"]),
        ];
        assert_eq!(
            types,
            [
                "OrderItemsRow",
                "OrderItemsRow_2",
                "String_2",
                "SoSo",
                "N2fa",
                "N"
            ]
        );
    }
}
