//! The subset of Go's `text/template` and `html/template` that mail templates use (auth.md 19.1).
//!
//! Understood: fields (`.A.B`), variables, pipelines, parentheses, `if`/`else if`/`with`/`range`/`break`/`continue`,
//! comments, trim marks, and the functions `and or not eq ne lt le gt ge len index slice print printf println html
//! urlquery`. Not understood, and refused when parsing: `define`, `template`, `block` and every other function.
//!
//! Where it is deliberately milder than Go: a missing key, or a field of something that is no map, is empty instead
//! of `<no value>` or an error; numbers compare by value whatever their kind and print without an exponent.

mod eval;
mod format;
mod functions;
mod lexer;
mod parser;

use std::sync::Arc;

/// Bytes a rendered template may have.
pub const MAX_OUTPUT: usize = 1024 * 1024;
/// Bytes a template source may have.
pub const MAX_SOURCE: usize = 1024 * 1024;

/// How values are written into the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// Every value is HTML-escaped, and a value that starts a URL attribute must have a harmless scheme.
    Html,
    /// Values are written as they are: subjects and SMS.
    Text,
}

/// Why a template cannot be parsed or rendered. Its text shows the template's author what to mend; it holds no data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template line {line}: {message}")]
pub struct TemplateError {
    /// Line of the source, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl TemplateError {
    fn new(line: usize, message: impl Into<String>) -> Self {
        Self {
            line,
            message: message.into(),
        }
    }
}

/// A parsed template, cheap to clone.
#[derive(Debug, Clone)]
pub struct Template {
    nodes: Arc<[parser::Node]>,
    escape: Escape,
}

impl Template {
    /// Parses `source`. Errors name the line of the first mistake.
    pub fn parse(source: &str, escape: Escape) -> Result<Self, TemplateError> {
        if source.len() > MAX_SOURCE {
            return Err(TemplateError::new(1, "the template is larger than 1 MiB"));
        }
        let nodes = parser::parse(lexer::lex(source)?)?;
        Ok(Self {
            nodes: nodes.into(),
            escape,
        })
    }

    /// Renders with `data` as the dot. Errors: a function got a value it cannot use, or a bound was reached
    /// ([`MAX_OUTPUT`], number of steps).
    pub fn render(&self, data: &serde_json::Value) -> Result<String, TemplateError> {
        eval::render(&self.nodes, self.escape, data)
    }
}

#[cfg(test)]
#[path = "template/tests.rs"]
mod tests;
