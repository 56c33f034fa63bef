//! Cuts SQL into statements, as psql's scanner does: strings, quoted names, dollar quotes, nested comments, parentheses and the
//! bodies of SQL-standard functions keep their semicolons.

/// A statement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// Its text without the semicolon, and without the comments before it.
    pub text: &'a str,
    /// Line of its first character, from 1.
    pub line: usize,
    /// Its words up to the first that cannot be one, in lower case: enough to know its kind.
    pub words: Vec<String>,
}

/// Words of a statement that are remembered.
const WORDS: usize = 12;

/// The statements of a text. What is left open at the end belongs to the last one; PostgreSQL says what is wrong with it.
pub fn split(sql: &str) -> Vec<Statement<'_>> {
    let mut scanner = Scanner {
        sql,
        at: 0,
        begun: None,
        depth: 0,
        blocks: 0,
        words: Vec::new(),
        is_plain: true,
        found: Vec::new(),
    };
    scanner.run();
    scanner.found
}

struct Scanner<'a> {
    sql: &'a str,
    at: usize,
    /// Where the statement begins.
    begun: Option<usize>,
    /// Open parentheses.
    depth: usize,
    /// Open `begin atomic` and `case` of a function's body.
    blocks: usize,
    words: Vec<String>,
    /// Only words came so far.
    is_plain: bool,
    found: Vec<Statement<'a>>,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.sql.get(self.at..).unwrap_or_default()
    }

    fn run(&mut self) {
        while let Some(next) = self.rest().chars().next() {
            match next {
                _ if self.rest().starts_with("--") => self.skip_to("\n"),
                _ if self.rest().starts_with("/*") => self.skip_comment(),
                ';' if self.depth == 0 && self.blocks == 0 => {
                    self.end();
                    self.at += 1;
                }
                _ if next.is_whitespace() => self.at += next.len_utf8(),
                _ => {
                    self.begun.get_or_insert(self.at);
                    self.token(next);
                }
            }
        }
        self.end();
    }

    fn token(&mut self, next: char) {
        match next {
            '\'' => self.skip_string(false),
            '"' => {
                self.at += 1;
                self.skip_to("\"");
            }
            '$' => self.skip_dollar(),
            '(' => {
                self.depth += 1;
                self.at += 1;
            }
            ')' => {
                self.depth = self.depth.saturating_sub(1);
                self.at += 1;
            }
            _ if next.is_alphabetic() || next == '_' => return self.word(),
            _ => self.at += next.len_utf8(),
        }
        self.is_plain = false;
    }

    fn word(&mut self) {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')));
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        self.at += word.len();
        let lower = word.to_lowercase();
        if matches!(lower.as_str(), "e" | "b" | "x" | "n") && self.rest().starts_with('\'') {
            self.is_plain = false;
            return self.skip_string(lower == "e");
        }
        self.note_block(&lower);
        if self.is_plain && self.words.len() < WORDS {
            self.words.push(lower);
        }
    }

    /// `create function … begin atomic … end`: its semicolons are its own.
    fn note_block(&mut self, word: &str) {
        match word {
            "atomic" if self.is_routine() && self.before("begin") => self.blocks += 1,
            "case" if self.blocks > 0 => self.blocks += 1,
            "end" if self.blocks > 0 => self.blocks -= 1,
            _ => {}
        }
    }

    fn is_routine(&self) -> bool {
        let first = self.words.first().map(String::as_str);
        first == Some("create")
            && self
                .words
                .iter()
                .any(|word| word == "function" || word == "procedure")
    }

    /// Whether the word before this one is that.
    fn before(&self, word: &str) -> bool {
        let text = self
            .sql
            .get(..self.at.saturating_sub("atomic".len()))
            .unwrap_or_default();
        let text = text.trim_end();
        text.get(text.len().saturating_sub(word.len())..)
            .is_some_and(|end| end.eq_ignore_ascii_case(word))
    }

    fn skip_to(&mut self, end: &str) {
        self.at += match self.rest().find(end) {
            Some(found) => found + end.len(),
            None => self.rest().len(),
        };
    }

    fn skip_comment(&mut self) {
        let mut depth = 0;
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return;
            } else if rest.starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.at += rest.chars().next().map_or(1, char::len_utf8);
            }
        }
    }

    fn skip_string(&mut self, has_escapes: bool) {
        self.at += 1;
        while let Some(next) = self.rest().chars().next() {
            self.at += next.len_utf8();
            match next {
                // A doubled one begins another string, which is the same here.
                '\'' => return,
                '\\' if has_escapes => self.at += self.rest().chars().next().map_or(0, char::len_utf8),
                _ => {}
            }
        }
    }

    fn skip_dollar(&mut self) {
        let rest = self.rest();
        let tag = rest.get(1..).and_then(|after| {
            let end = after.find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
            let is_tag = after.get(end..)?.starts_with('$') && !after.starts_with(|c: char| c.is_numeric());
            is_tag.then(|| rest.get(..end + 2)).flatten()
        });
        match tag {
            Some(tag) => {
                self.at += tag.len();
                self.skip_to(tag);
            }
            None => self.at += 1,
        }
    }

    fn end(&mut self) {
        let words = std::mem::take(&mut self.words);
        (self.depth, self.blocks, self.is_plain) = (0, 0, true);
        let Some(begun) = self.begun.take() else { return };
        let text = self.sql.get(begun..self.at).unwrap_or_default().trim_end();
        let before = self.sql.get(..begun).unwrap_or_default();
        self.found.push(Statement {
            text,
            line: before.matches('\n').count() + 1,
            words,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        split(sql).into_iter().map(|statement| statement.text).collect()
    }

    #[test]
    fn semicolons_that_end_nothing() {
        for whole in [
            "select ';'",
            "select 'it''s; '",
            "select E'\\'; '",
            "select \"a;b\"",
            "do $$ begin null; end $$",
            "do $a$ select $$;$$; $a$",
            "select 1 /* ; /* ; */ ; */ + 1",
            "select 1 -- ;\n + 1",
            "create rule r as on insert to t do also (delete from a; delete from b)",
            "create function f() returns int begin atomic select 1; select case when true then 2 end; end",
            "select $1",
            "select a$b from t",
        ] {
            assert_eq!(
                texts(&format!("{whole};\nselect 2;")),
                [whole, "select 2"],
                "{whole}"
            );
        }
    }

    #[test]
    fn what_is_no_statement() {
        assert_eq!(texts(""), Vec::<&str>::new());
        assert_eq!(texts(" ;; -- nothing\n/* nothing */ ;"), Vec::<&str>::new());
        assert_eq!(texts("select 1"), ["select 1"]);
        // Open to the end: PostgreSQL says so.
        assert_eq!(texts("select 'a; select 2;"), ["select 'a; select 2;"]);
        assert_eq!(texts("select $$a; select 2;"), ["select $$a; select 2;"]);
        assert_eq!(texts("select (1; select 2"), ["select (1; select 2"]);
    }

    #[test]
    fn lines_and_words() {
        let found = split("-- first\n\ncreate EXTENSION if not exists \"uuid-ossp\";\n  begin;");
        assert_eq!((found[0].line, found[1].line), (3, 4));
        assert_eq!(found[0].words, ["create", "extension", "if", "not", "exists"]);
        assert_eq!(found[1].words, ["begin"]);
    }

    #[test]
    fn begin_and_case_outside_of_functions_are_words() {
        assert_eq!(
            texts("begin; select case when true then 1 end; end; select 2").len(),
            4
        );
    }
}
