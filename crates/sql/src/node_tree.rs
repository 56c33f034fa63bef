//! Reads the column list of a view out of PostgreSQL's text form of a stored query (`pg_rewrite.ev_action`).
//!
//! PostgreSQL notes for every output column of a query from which column of which relation it comes unchanged
//! (`:resorigtbl`, `:resorigcol`), through joins and subqueries; nothing else tells that. The text is a list of nodes,
//! `{NAME :field value …}`, where a value is a word, a node or a list in parentheses. Only the outermost query's
//! `:targetList` is looked at, everything else is passed over by counting brackets, so that fields which other versions
//! of PostgreSQL add or leave out do not matter. A text that is no query at all has no columns.

/// Identifies a row of a system catalog.
type Oid = u32;

/// An output column of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputColumn {
    /// Its number, from 1.
    pub number: i16,
    /// The relation and the number of the column that it shows unchanged.
    pub origin: Option<(Oid, i16)>,
}

/// The output columns of the first query in `text`.
pub fn output_columns(text: &str) -> Vec<OutputColumn> {
    let mut scanner = Scanner { rest: text };
    while let Some(token) = scanner.next() {
        if token == Token::OpenNode && scanner.next() == Some(Token::Word("QUERY")) {
            return columns_of_query(&mut scanner);
        }
    }
    Vec::new()
}

/// Behind `{QUERY`.
fn columns_of_query(scanner: &mut Scanner<'_>) -> Vec<OutputColumn> {
    let mut columns = Vec::new();
    while let Some(Token::Word(field)) = scanner.next() {
        if field != ":targetList" {
            scanner.skip_value();
            continue;
        }
        if scanner.next() == Some(Token::OpenList) {
            while scanner.next() == Some(Token::OpenNode) {
                columns.extend(column_of_entry(scanner));
            }
        }
        break;
    }
    columns
}

/// Behind the `{` of a target entry, up to its `}`. Columns that only serve sorting or grouping are none.
fn column_of_entry(scanner: &mut Scanner<'_>) -> Option<OutputColumn> {
    let (mut number, mut relation, mut column, mut is_hidden) = (None, 0, 0, false);
    // The node's name.
    scanner.next();
    // Fields and values alternate: a value that looks like a field (a column named `:resno`) is still a value.
    while let Some(Token::Word(field)) = scanner.next() {
        match field {
            ":resno" => number = scanner.number(),
            ":resorigtbl" => relation = scanner.number().unwrap_or(0),
            ":resorigcol" => column = scanner.number().unwrap_or(0),
            ":resjunk" => is_hidden = scanner.next() == Some(Token::Word("true")),
            _ => scanner.skip_value(),
        }
    }
    let number = number.filter(|_| !is_hidden)?;
    Some(OutputColumn {
        number,
        origin: (relation != 0 && column > 0).then_some((relation, column)),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    OpenNode,
    CloseNode,
    OpenList,
    CloseList,
    /// Anything else, as it is written: with its backslashes.
    Word(&'t str),
}

/// Splits the text as PostgreSQL does: brackets are tokens, blanks separate, a backslash protects the next character.
struct Scanner<'t> {
    rest: &'t str,
}

impl<'t> Scanner<'t> {
    fn next(&mut self) -> Option<Token<'t>> {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\t']);
        let bracket = match self.rest.as_bytes().first()? {
            b'{' => Some(Token::OpenNode),
            b'}' => Some(Token::CloseNode),
            b'(' => Some(Token::OpenList),
            b')' => Some(Token::CloseList),
            _ => None,
        };
        let length = if bracket.is_some() {
            1
        } else {
            word_length(self.rest)
        };
        let (token, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(bracket.unwrap_or(Token::Word(token)))
    }

    /// Passes over one value: a word, or everything up to the bracket that closes it.
    fn skip_value(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.next() {
                None => return,
                Some(Token::OpenNode | Token::OpenList) => depth += 1,
                Some(Token::CloseNode | Token::CloseList) => depth = depth.saturating_sub(1),
                Some(Token::Word(_)) => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn number<N: std::str::FromStr>(&mut self) -> Option<N> {
        match self.next() {
            Some(Token::Word(word)) => word.parse().ok(),
            _ => None,
        }
    }
}

/// Bytes of the word that `text` begins with.
fn word_length(text: &str) -> usize {
    let mut is_protected = false;
    text.char_indices()
        .find(|(_, letter)| {
            let ends = !is_protected && matches!(letter, ' ' | '\n' | '\t' | '(' | ')' | '{' | '}');
            is_protected = !is_protected && *letter == '\\';
            ends
        })
        .map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests;
