//! Source text into text pieces and the tokens inside `{{ … }}`.

use super::TemplateError;
use serde_json::{Number, Value};

/// One token inside an action.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// `.`
    Dot,
    /// `.Name`
    Field(String),
    /// `$name`, the empty name being the root.
    Variable(String),
    /// A keyword or function name.
    Word(String),
    /// A string or number.
    Literal(Value),
    Pipe,
    Open,
    Close,
    Comma,
    /// `:=`
    Declare,
    /// `=`
    Assign,
}

/// A token, and whether white space stands before it: `.A.B` is one operand, `.A .B` are two.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Spaced {
    pub(super) token: Token,
    pub(super) space: bool,
    pub(super) line: usize,
}

/// A piece of the source.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    Text(String),
    Action { tokens: Vec<Spaced>, line: usize },
}

/// Splits the source into pieces; trim marks and comments are dealt with here.
pub(super) fn lex(source: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = source;
    let mut line = 1;
    let mut trim_start = false;
    loop {
        let Some(open) = rest.find("{{") else {
            push_text(&mut pieces, rest, trim_start, false);
            return Ok(pieces);
        };
        let (text, after) = rest.split_at(open);
        let mut inner = after.get(2..).unwrap_or_default();
        let trim_end = inner.starts_with('-') && inner[1..].starts_with(is_space);
        if trim_end {
            inner = &inner[1..];
        }
        push_text(&mut pieces, text, trim_start, trim_end);
        line += newlines(text);
        let mut scanner = Scanner {
            source: inner,
            at: 0,
            line,
        };
        let start = line;
        let (tokens, trims) = scanner.action()?;
        trim_start = trims;
        rest = &inner[scanner.at..];
        line = scanner.line;
        if let Some(tokens) = tokens {
            pieces.push(Piece::Action { tokens, line: start });
        }
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str, trim_start: bool, trim_end: bool) {
    let text = if trim_start {
        text.trim_start_matches(is_space)
    } else {
        text
    };
    let text = if trim_end {
        text.trim_end_matches(is_space)
    } else {
        text
    };
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_name(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|b| *b == b'\n').count()
}

struct Scanner<'a> {
    source: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Scanner<'a> {
    /// One action up to and with its `}}`: the tokens (`None` for a comment) and whether the text after is trimmed.
    fn action(&mut self) -> Result<(Option<Vec<Spaced>>, bool), TemplateError> {
        self.skip_space();
        if self.rest().starts_with("/*") {
            return self.comment().map(|trims| (None, trims));
        }
        let start = self.line;
        let mut tokens = Vec::new();
        loop {
            let space = self.skip_space();
            if let Some(trims) = self.end(space) {
                return Ok((Some(tokens), trims));
            }
            if self.rest().is_empty() {
                return Err(TemplateError::new(start, "`{{` is never closed with `}}`"));
            }
            let line = self.line;
            let token = self.token()?;
            tokens.push(Spaced { token, space, line });
        }
    }

    fn comment(&mut self) -> Result<bool, TemplateError> {
        let start = self.line;
        let Some(end) = self.rest().find("*/") else {
            return Err(TemplateError::new(start, "a comment is never closed with `*/`"));
        };
        self.advance(end + 2);
        let space = self.skip_space();
        self.end(space).ok_or_else(|| {
            TemplateError::new(
                self.line,
                "a comment must be the only thing between `{{` and `}}`",
            )
        })
    }

    /// Steps over `}}` or ` -}}`: whether it trims.
    fn end(&mut self, space: bool) -> Option<bool> {
        if space && self.rest().starts_with("-}}") {
            self.at += 3;
            return Some(true);
        }
        if self.rest().starts_with("}}") {
            self.at += 2;
            return Some(false);
        }
        None
    }

    fn token(&mut self) -> Result<Token, TemplateError> {
        let rest = self.rest();
        let mut chars = rest.chars();
        let first = chars.next().unwrap_or_default();
        let second = chars.next().unwrap_or_default();
        match first {
            '|' => Ok(self.take(1, Token::Pipe)),
            '(' => Ok(self.take(1, Token::Open)),
            ')' => Ok(self.take(1, Token::Close)),
            ',' => Ok(self.take(1, Token::Comma)),
            ':' if second == '=' => Ok(self.take(2, Token::Declare)),
            '=' => Ok(self.take(1, Token::Assign)),
            '"' => self.quoted(),
            '`' => self.raw(),
            '.' if second.is_ascii_digit() => self.number(),
            '.' => {
                self.at += 1;
                let name = self.name();
                Ok(if name.is_empty() {
                    Token::Dot
                } else {
                    Token::Field(name.to_owned())
                })
            }
            '$' => {
                self.at += 1;
                Ok(Token::Variable(self.name().to_owned()))
            }
            c if c.is_ascii_digit() => self.number(),
            '-' | '+' if second.is_ascii_digit() || second == '.' => self.number(),
            c if is_name(c) => Ok(Token::Word(self.name().to_owned())),
            c => Err(TemplateError::new(
                self.line,
                format!("unexpected character {c:?}"),
            )),
        }
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn advance(&mut self, bytes: usize) {
        self.line += newlines(self.rest().get(..bytes).unwrap_or_default());
        self.at += bytes;
    }

    fn take(&mut self, bytes: usize, token: Token) -> Token {
        self.at += bytes;
        token
    }

    fn skip_space(&mut self) -> bool {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(is_space).len();
        self.advance(length);
        length > 0
    }

    fn name(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn number(&mut self) -> Result<Token, TemplateError> {
        let rest = self.rest();
        let length = rest
            .char_indices()
            .find(|(i, c)| {
                !(c.is_ascii_digit() || matches!(c, '.' | '_') || (*i == 0 && matches!(c, '-' | '+')))
            })
            .map_or(rest.len(), |(i, _)| i);
        let digits: String = rest[..length].chars().filter(|c| *c != '_').collect();
        self.at += length;
        let number = digits
            .trim_start_matches('+')
            .parse::<i64>()
            .ok()
            .map(Number::from)
            .or_else(|| digits.parse::<f64>().ok().and_then(Number::from_f64));
        match number {
            Some(number) if !self.rest().starts_with(is_name) => Ok(Token::Literal(Value::Number(number))),
            _ => Err(TemplateError::new(self.line, format!("bad number `{digits}`"))),
        }
    }

    fn raw(&mut self) -> Result<Token, TemplateError> {
        let body = &self.rest()[1..];
        let end = body
            .find('`')
            .ok_or_else(|| TemplateError::new(self.line, "a raw string is never closed"))?;
        let text = body[..end].to_owned();
        self.advance(end + 2);
        Ok(Token::Literal(Value::String(text)))
    }

    fn quoted(&mut self) -> Result<Token, TemplateError> {
        let unclosed = TemplateError::new(self.line, "a string is never closed");
        let body = &self.rest()[1..];
        let mut out = String::new();
        let mut chars = body.char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += i + 2;
                    return Ok(Token::Literal(Value::String(out)));
                }
                '\n' => return Err(unclosed),
                '\\' => {
                    let Some((_, escape)) = chars.next() else {
                        return Err(unclosed);
                    };
                    out.push(self.escaped(escape, &mut chars)?);
                }
                c => out.push(c),
            }
        }
        Err(unclosed)
    }

    fn escaped(&self, escape: char, chars: &mut std::str::CharIndices<'_>) -> Result<char, TemplateError> {
        let digits = match escape {
            'n' => return Ok('\n'),
            't' => return Ok('\t'),
            'r' => return Ok('\r'),
            '\\' | '"' | '\'' => return Ok(escape),
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let hex: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
        u32::from_str_radix(&hex, 16)
            .ok()
            .and_then(char::from_u32)
            .ok_or_else(|| TemplateError::new(self.line, format!("unknown escape `\\{escape}` in a string")))
    }
}
