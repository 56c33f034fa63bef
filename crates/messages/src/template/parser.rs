//! Pieces into a tree.

use super::TemplateError;
use super::functions::Function;
use super::lexer::{Piece, Spaced, Token};
use serde_json::Value;

/// Blocks and parentheses may nest this deep: the parser and the evaluator recurse on them.
const MAX_DEPTH: usize = 64;

/// A node of the tree.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    Action(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    Break,
    Continue,
}

/// `if`, `with` and `range` have the same shape; `else if` is a branch in the other part.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) pipeline: Pipeline,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Vec<Node>,
}

/// `$a, $b := command | command`.
#[derive(Debug, Clone)]
pub(super) struct Pipeline {
    pub(super) line: usize,
    pub(super) variables: Vec<String>,
    /// `=` instead of `:=`.
    pub(super) assigns: bool,
    pub(super) commands: Vec<Command>,
}

/// One command of a pipeline.
#[derive(Debug, Clone)]
pub(super) enum Command {
    Operand(Operand),
    Call(Function, Vec<Operand>),
}

/// A value in a command.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// `.` with its fields.
    Dot(Vec<String>),
    /// `$name` with its fields.
    Variable(String, Vec<String>),
    Literal(Value),
    /// A function without arguments used as an argument.
    Call(Function),
    /// `( … )` with its fields.
    Group(Box<Pipeline>, Vec<String>),
}

/// Builds the tree.
pub(super) fn parse(pieces: Vec<Piece>) -> Result<Vec<Node>, TemplateError> {
    let mut parser = Parser {
        pieces: pieces.into_iter(),
        variables: vec![String::new()],
        depth: 0,
        loops: 0,
    };
    let (nodes, end) = parser.list()?;
    match end {
        None => Ok(nodes),
        Some(End { line, kind }) => {
            let word = if matches!(kind, EndKind::End) {
                "end"
            } else {
                "else"
            };
            Err(TemplateError::new(line, format!("unexpected {{{{{word}}}}}")))
        }
    }
}

struct End {
    line: usize,
    kind: EndKind,
}

enum EndKind {
    End,
    Else,
    /// `else if …`, `else with …`: the keyword and its tokens.
    ElseBlock(String, Vec<Spaced>),
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    /// Names in scope; the empty one is the root `$`.
    variables: Vec<String>,
    depth: usize,
    loops: usize,
}

impl Parser {
    /// Nodes up to the `end` or `else` that closes the enclosing block, or to the end of the source.
    fn list(&mut self) -> Result<(Vec<Node>, Option<End>), TemplateError> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (tokens, line) = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action { tokens, line } => (tokens, line),
            };
            let word = match tokens.first().map(|t| &t.token) {
                Some(Token::Word(word)) => word.as_str(),
                _ => "",
            };
            match word {
                "end" | "else" => return Ok((nodes, Some(end(word, &tokens, line)?))),
                "if" | "with" | "range" => nodes.push(self.block(word, &tokens[1..], line)?),
                "break" | "continue" => {
                    if self.loops == 0 || tokens.len() > 1 {
                        return Err(TemplateError::new(
                            line,
                            format!("{{{{{word}}}}} stands outside a range"),
                        ));
                    }
                    nodes.push(if word == "break" {
                        Node::Break
                    } else {
                        Node::Continue
                    });
                }
                "define" | "template" | "block" => {
                    return Err(TemplateError::new(line, format!("`{word}` is not supported")));
                }
                _ => nodes.push(Node::Action(self.whole_pipeline(&tokens, line)?)),
            }
        }
        Ok((nodes, None))
    }

    /// A block whose keyword and pipeline tokens are known, up to its `end`.
    fn block(&mut self, keyword: &str, tokens: &[Spaced], line: usize) -> Result<Node, TemplateError> {
        self.enter(line)?;
        let scope = self.variables.len();
        let pipeline = self.whole_pipeline(tokens, line)?;
        if pipeline.variables.len() > 1 && keyword != "range" {
            return Err(TemplateError::new(line, "only range declares two variables"));
        }
        let is_loop = usize::from(keyword == "range");
        let inside = self.variables.len();
        self.loops += is_loop;
        let (body, closing) = self.list()?;
        self.loops -= is_loop;
        self.variables.truncate(inside);
        let unclosed = || {
            TemplateError::new(
                line,
                format!("{{{{{keyword}}}}} is never closed with {{{{end}}}}"),
            )
        };
        let End { line: end_line, kind } = closing.ok_or_else(unclosed)?;
        let otherwise = match kind {
            EndKind::End => Vec::new(),
            EndKind::Else => {
                let (nodes, closing) = self.list()?;
                match closing.ok_or_else(unclosed)? {
                    End {
                        kind: EndKind::End, ..
                    } => nodes,
                    End { line, .. } => {
                        return Err(TemplateError::new(line, "a second {{else}} in the same block"));
                    }
                }
            }
            EndKind::ElseBlock(word, rest) => vec![self.block(&word, &rest, end_line)?],
        };
        self.variables.truncate(scope);
        self.depth -= 1;
        let branch = Branch {
            pipeline,
            body,
            otherwise,
        };
        Ok(match keyword {
            "if" => Node::If(branch),
            "with" => Node::With(branch),
            _ => Node::Range(branch),
        })
    }

    fn enter(&mut self, line: usize) -> Result<(), TemplateError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(TemplateError::new(
                line,
                format!("blocks nest deeper than {MAX_DEPTH}"),
            ));
        }
        Ok(())
    }

    fn whole_pipeline(&mut self, tokens: &[Spaced], line: usize) -> Result<Pipeline, TemplateError> {
        let mut cursor = Cursor { tokens, at: 0, line };
        let pipeline = self.pipeline(&mut cursor)?;
        match cursor.peek() {
            None => Ok(pipeline),
            Some(token) => Err(TemplateError::new(token.line, "unexpected `)`")),
        }
    }

    fn pipeline(&mut self, cursor: &mut Cursor<'_>) -> Result<Pipeline, TemplateError> {
        let line = cursor.line();
        let (variables, assigns) = cursor.declaration()?;
        let mut commands = vec![self.command(cursor)?];
        while cursor.eat(&Token::Pipe) {
            let command = self.command(cursor)?;
            if !matches!(command, Command::Call(..)) {
                return Err(TemplateError::new(
                    cursor.line(),
                    "only a function can follow `|`",
                ));
            }
            commands.push(command);
        }
        for name in &variables {
            if !assigns {
                self.variables.push(name.clone());
            } else if !self.variables.contains(name) {
                return Err(TemplateError::new(line, format!("undefined variable ${name}")));
            }
        }
        Ok(Pipeline {
            line,
            variables,
            assigns,
            commands,
        })
    }

    fn command(&mut self, cursor: &mut Cursor<'_>) -> Result<Command, TemplateError> {
        let mut operands = Vec::new();
        while cursor
            .peek()
            .is_some_and(|t| !matches!(t.token, Token::Pipe | Token::Close))
        {
            operands.push(self.operand(cursor)?);
        }
        let line = cursor.line();
        let mut operands = operands.into_iter();
        match operands.next() {
            None => Err(TemplateError::new(line, "a value is missing")),
            Some(Operand::Call(function)) => Ok(Command::Call(function, operands.collect())),
            Some(operand) if operands.len() == 0 => Ok(Command::Operand(operand)),
            Some(_) => Err(TemplateError::new(
                line,
                "a value that is no function cannot take arguments",
            )),
        }
    }

    fn operand(&mut self, cursor: &mut Cursor<'_>) -> Result<Operand, TemplateError> {
        let line = cursor.line();
        let bad = |text: &str| Err(TemplateError::new(line, text));
        let Some(Spaced { token, .. }) = cursor.next() else {
            return bad("a value is missing");
        };
        match token {
            Token::Dot => Ok(Operand::Dot(Vec::new())),
            Token::Field(name) => {
                let mut path = vec![name];
                path.extend(cursor.fields());
                Ok(Operand::Dot(path))
            }
            Token::Variable(name) => {
                if !self.variables.contains(&name) {
                    return bad(&format!("undefined variable ${name}"));
                }
                Ok(Operand::Variable(name, cursor.fields()))
            }
            Token::Literal(value) => Ok(Operand::Literal(value)),
            Token::Word(word) => match word.as_str() {
                "true" => Ok(Operand::Literal(Value::Bool(true))),
                "false" => Ok(Operand::Literal(Value::Bool(false))),
                "nil" => Ok(Operand::Literal(Value::Null)),
                name => Function::named(name)
                    .map(Operand::Call)
                    .ok_or_else(|| TemplateError::new(line, format!("function `{name}` is not defined"))),
            },
            Token::Open => {
                self.enter(line)?;
                let inner = self.pipeline(cursor)?;
                self.depth -= 1;
                if !cursor.eat(&Token::Close) {
                    return bad("`(` is never closed");
                }
                Ok(Operand::Group(Box::new(inner), cursor.fields()))
            }
            Token::Close | Token::Pipe => bad("a value is missing"),
            Token::Comma => bad("unexpected `,`"),
            Token::Declare | Token::Assign => bad("unexpected assignment"),
        }
    }
}

fn end(word: &str, tokens: &[Spaced], line: usize) -> Result<End, TemplateError> {
    let kind = match (word, tokens.get(1).map(|t| &t.token)) {
        ("end", None) => EndKind::End,
        ("else", None) => EndKind::Else,
        ("else", Some(Token::Word(next))) if next == "if" || next == "with" => {
            EndKind::ElseBlock(next.clone(), tokens[2..].to_vec())
        }
        _ => {
            return Err(TemplateError::new(
                line,
                format!("unexpected words after `{word}`"),
            ));
        }
    };
    Ok(End { line, kind })
}

/// A position in the tokens of one action.
struct Cursor<'a> {
    tokens: &'a [Spaced],
    at: usize,
    line: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<&Spaced> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Spaced> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn line(&self) -> usize {
        self.peek().or(self.tokens.last()).map_or(self.line, |t| t.line)
    }

    fn eat(&mut self, token: &Token) -> bool {
        let found = self.peek().is_some_and(|t| t.token == *token);
        self.at += usize::from(found);
        found
    }

    /// `.B.C` right behind the operand.
    fn fields(&mut self) -> Vec<String> {
        let mut path = Vec::new();
        while let Some(Spaced {
            token: Token::Field(name),
            space: false,
            ..
        }) = self.peek()
        {
            path.push(name.clone());
            self.at += 1;
        }
        path
    }

    /// `$a :=`, `$a, $b :=` or `$a =` at the front: the names, and whether they are assigned.
    fn declaration(&mut self) -> Result<(Vec<String>, bool), TemplateError> {
        let start = self.at;
        let mut names = Vec::new();
        while let Some(Spaced {
            token: Token::Variable(name),
            ..
        }) = self.peek()
        {
            names.push(name.clone());
            self.at += 1;
            if !self.eat(&Token::Comma) {
                break;
            }
        }
        let line = self.line();
        if self.eat(&Token::Declare) || self.peek().is_some_and(|t| t.token == Token::Assign) {
            let assigns = self.eat(&Token::Assign);
            if names.is_empty() || names.len() > 2 || names.iter().any(String::is_empty) {
                return Err(TemplateError::new(
                    line,
                    "a named variable is expected before the assignment",
                ));
            }
            return Ok((names, assigns));
        }
        self.at = start;
        Ok((Vec::new(), false))
    }
}
