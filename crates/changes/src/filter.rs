//! The grammar of filters (§7.2): `column=op.value`, several joined by commas.

/// A condition as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Column.
    pub column: String,
    /// Turned around.
    pub is_negated: bool,
    /// What is compared.
    pub operator: Operator,
    /// The value, without quotes around it.
    pub value: String,
}

/// An operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is the word of the grammar")]
pub enum Operator {
    Eq,
    Neq,
    Lt,
    Lte,
    Gt,
    Gte,
    In,
    Like,
    Ilike,
    Is,
    Match,
    Imatch,
    IsDistinct,
}

impl Operator {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Eq,
            "neq" => Self::Neq,
            "lt" => Self::Lt,
            "lte" => Self::Lte,
            "gt" => Self::Gt,
            "gte" => Self::Gte,
            "in" => Self::In,
            "like" => Self::Like,
            "ilike" => Self::Ilike,
            "is" => Self::Is,
            "match" => Self::Match,
            "imatch" => Self::Imatch,
            "isdistinct" => Self::IsDistinct,
            _ => return None,
        })
    }
}

/// Reads a filter; the error says what is wrong with it.
pub fn parse(filter: &str) -> Result<Vec<Condition>, String> {
    if filter.trim().is_empty() {
        return Ok(Vec::new());
    }
    split(filter)?.iter().map(|part| condition(part)).collect()
}

fn condition(text: &str) -> Result<Condition, String> {
    let text = text.trim();
    let wrong = || format!("[{text}] is not of the form column=operator.value");
    let (column, rest) = text.split_once('=').ok_or_else(wrong)?;
    let (is_negated, rest) = match rest.strip_prefix("not.") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let (word, value) = rest.split_once('.').ok_or_else(wrong)?;
    let operator = Operator::of(word).ok_or_else(|| format!("unknown operator: {word}"))?;
    if column.is_empty() {
        return Err(wrong());
    }
    Ok(Condition {
        column: column.to_owned(),
        is_negated,
        operator,
        value: if operator == Operator::In {
            value.to_owned()
        } else {
            unquoted(value)
        },
    })
}

/// Cuts at commas that are neither in parentheses nor in quotes.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let mut parts = Vec::new();
    let (mut begin, mut depth, mut is_quoted) = (0, 0_usize, false);
    let mut before = ',';
    let mut chars = text.char_indices();
    while let Some((index, char)) = chars.next() {
        match char {
            '\\' if is_quoted => {
                chars.next();
            }
            '"' if is_quoted => is_quoted = false,
            '"' if matches!(before, '.' | '(' | ',') => is_quoted = true,
            '(' if !is_quoted => depth += 1,
            ')' if !is_quoted => depth = depth.saturating_sub(1),
            ',' if !is_quoted && depth == 0 => {
                parts.push(&text[begin..index]);
                begin = index + 1;
            }
            _ => {}
        }
        before = char;
    }
    parts.push(&text[begin..]);
    if is_quoted {
        return Err("a quote is not closed".to_owned());
    }
    if parts.iter().any(|part| part.trim().is_empty()) {
        return Err("a condition is empty".to_owned());
    }
    Ok(parts)
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(inner) = inner else {
        return value.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        out.push(if char == '\\' {
            chars.next().unwrap_or('\\')
        } else {
            char
        });
    }
    out
}

/// The members of the list that `in` takes, as PostgreSQL's array literal of the same text would have them; `None` where
/// it would be null.
pub fn list(value: &str) -> Result<Vec<Option<String>>, String> {
    let inner = value
        .trim()
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(|| "the value of `in` must be of the form (a,b)".to_owned())?;
    if inner.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mut members = Vec::new();
    let mut chars = inner.chars().peekable();
    loop {
        while chars.next_if(|char| char.is_whitespace()).is_some() {}
        let (mut member, mut was_quoted) = (String::new(), false);
        if chars.next_if_eq(&'"').is_some() {
            was_quoted = true;
            loop {
                match chars.next() {
                    Some('"') => break,
                    Some('\\') => member.extend(chars.next()),
                    Some(char) => member.push(char),
                    None => return Err("malformed array literal".to_owned()),
                }
            }
            while chars.next_if(|char| char.is_whitespace()).is_some() {}
        } else {
            while let Some(char) = chars.next_if(|char| *char != ',') {
                if char == '\\' {
                    member.extend(chars.next());
                } else {
                    member.push(char);
                }
            }
            member.truncate(member.trim_end().len());
        }
        if member.is_empty() && !was_quoted {
            return Err("malformed array literal".to_owned());
        }
        let is_null = !was_quoted && member.eq_ignore_ascii_case("null");
        members.push((!is_null).then_some(member));
        match chars.next() {
            None => return Ok(members),
            Some(',') => {}
            Some(_) => return Err("malformed array literal".to_owned()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn one(filter: &str) -> Condition {
        let mut conditions = parse(filter).unwrap();
        assert_eq!(conditions.len(), 1, "{conditions:?}");
        conditions.remove(0)
    }

    #[test]
    fn conditions() {
        assert_eq!(parse("  "), Ok(Vec::new()));
        let condition = one("a=not.eq.b.c=d");
        assert_eq!(
            (
                &*condition.column,
                condition.is_negated,
                condition.operator,
                &*condition.value
            ),
            ("a", true, Operator::Eq, "b.c=d")
        );
        assert_eq!(one("a=eq.\"x,\\\"y\\\\\"").value, "x,\"y\\");
        assert_eq!(one("a=in.(1,2)").value, "(1,2)");
        assert_eq!(one("a=eq.it\"s").value, "it\"s");
        assert_eq!(parse("a=eq.1, b=in.(x,y) ,c=is.null").unwrap().len(), 3);
        for wrong in ["a", "a=1", "a=foo.1", "a=eq.1,", "=eq.1", "a=eq.\"x"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lists() {
        let texts = |value| -> Vec<Option<String>> { list(value).unwrap() };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(texts("(1, 2)"), [some("1"), some("2")]);
        assert_eq!(
            texts("(\"a,b\",null,\"null\")"),
            [some("a,b"), None, some("null")]
        );
        assert_eq!(texts("()"), []);
        for wrong in ["1,2", "(1,,2)", "(\"a)", "(\"a\"b)"] {
            assert!(list(wrong).is_err(), "{wrong}");
        }
    }
}
