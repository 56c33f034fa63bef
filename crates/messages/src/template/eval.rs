//! Walks the tree and writes the output.

use super::format::print;
use super::functions::{Function, truth};
use super::parser::{Branch, Command, Node, Operand, Pipeline};
use super::{Escape, MAX_OUTPUT, TemplateError};
use serde_json::Value;
use std::borrow::Cow;

/// Nodes and operands one rendering may evaluate; nested ranges over big metadata end here.
const MAX_STEPS: usize = 200_000;
/// What Go writes instead of a link with a dangerous scheme.
const UNSAFE_LINK: &str = "#ZgotmplZ";

pub(super) type Val<'a> = Cow<'a, Value>;

pub(super) fn render(nodes: &[Node], escape: Escape, data: &Value) -> Result<String, TemplateError> {
    let mut evaluator = Evaluator {
        escape,
        out: String::new(),
        variables: vec![("", Cow::Borrowed(data))],
        steps: 0,
        line: 1,
    };
    evaluator.list(nodes, &Cow::Borrowed(data))?;
    Ok(evaluator.out)
}

#[derive(PartialEq)]
enum Flow {
    Next,
    Break,
    Continue,
}

struct Evaluator<'a> {
    escape: Escape,
    out: String,
    variables: Vec<(&'a str, Val<'a>)>,
    steps: usize,
    /// Line of the pipeline being evaluated, for errors.
    line: usize,
}

impl<'a> Evaluator<'a> {
    fn fail<T>(&self, message: impl Into<String>) -> Result<T, TemplateError> {
        Err(TemplateError::new(self.line, message))
    }

    fn step(&mut self) -> Result<(), TemplateError> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            self.fail("the template takes too many steps")
        } else {
            Ok(())
        }
    }

    fn write(&mut self, text: &str) -> Result<(), TemplateError> {
        if self.out.len() + text.len() > MAX_OUTPUT {
            return self.fail("the output is larger than 1 MiB");
        }
        self.out.push_str(text);
        Ok(())
    }

    fn list(&mut self, nodes: &'a [Node], dot: &Val<'a>) -> Result<Flow, TemplateError> {
        let scope = self.variables.len();
        let mut flow = Flow::Next;
        for node in nodes {
            self.step()?;
            flow = match node {
                Node::Text(text) => self.write(text).map(|()| Flow::Next)?,
                Node::Action(pipeline) => self.action(pipeline, dot).map(|()| Flow::Next)?,
                Node::If(branch) => self.branch(branch, dot, false)?,
                Node::With(branch) => self.branch(branch, dot, true)?,
                Node::Range(branch) => self.range(branch, dot)?,
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::Next {
                break;
            }
        }
        // What a block declared ends with it; the top level has no block around it and ends here anyway.
        self.variables.truncate(scope);
        Ok(flow)
    }

    fn action(&mut self, pipeline: &'a Pipeline, dot: &Val<'a>) -> Result<(), TemplateError> {
        let value = self.pipeline(pipeline, dot)?;
        if !pipeline.variables.is_empty() {
            return Ok(());
        }
        let text = print(&value);
        let escaped = matches!(pipeline.commands.last(), Some(Command::Call(Function::Html, _)));
        if self.escape == Escape::Text {
            return self.write(&text);
        }
        if starts_url(&self.out) && has_unsafe_scheme(&text) {
            return self.write(UNSAFE_LINK);
        }
        if escaped {
            self.write(&text)
        } else {
            self.write(&escape_html(&text))
        }
    }

    fn branch(&mut self, branch: &'a Branch, dot: &Val<'a>, moves_dot: bool) -> Result<Flow, TemplateError> {
        let scope = self.variables.len();
        let value = self.pipeline(&branch.pipeline, dot)?;
        let flow = match (truth(&value), moves_dot) {
            (true, true) => self.list(&branch.body, &value)?,
            (true, false) => self.list(&branch.body, dot)?,
            (false, _) => self.list(&branch.otherwise, dot)?,
        };
        self.variables.truncate(scope);
        Ok(flow)
    }

    fn range(&mut self, branch: &'a Branch, dot: &Val<'a>) -> Result<Flow, TemplateError> {
        let value = self.commands(&branch.pipeline, dot)?;
        let items = self.items(value)?;
        if items.is_empty() {
            return self.list(&branch.otherwise, dot);
        }
        for (key, item) in items {
            let scope = self.variables.len();
            match branch.pipeline.variables.as_slice() {
                [element] => self.variables.push((element, item.clone())),
                [index, element] => {
                    self.variables.push((index, Cow::Owned(key)));
                    self.variables.push((element, item.clone()));
                }
                _ => {}
            }
            let flow = self.list(&branch.body, &item)?;
            self.variables.truncate(scope);
            if flow == Flow::Break {
                break;
            }
        }
        Ok(Flow::Next)
    }

    /// What a range walks over: the elements of a list, the values of a map by sorted key, or the numbers below one.
    fn items(&self, value: Val<'a>) -> Result<Vec<(Value, Val<'a>)>, TemplateError> {
        let mut pairs: Vec<(Value, Val<'a>)> = match value {
            Cow::Borrowed(Value::Array(list)) => list
                .iter()
                .enumerate()
                .map(|(i, v)| (i.into(), Cow::Borrowed(v)))
                .collect(),
            Cow::Borrowed(Value::Object(map)) => map
                .iter()
                .map(|(k, v)| (k.as_str().into(), Cow::Borrowed(v)))
                .collect(),
            other => match other.into_owned() {
                Value::Null => Vec::new(),
                Value::Array(list) => list
                    .into_iter()
                    .enumerate()
                    .map(|(i, v)| (i.into(), Cow::Owned(v)))
                    .collect(),
                Value::Object(map) => map.into_iter().map(|(k, v)| (k.into(), Cow::Owned(v))).collect(),
                Value::Number(n) => match n.as_u64().and_then(|n| usize::try_from(n).ok()) {
                    Some(n) if n <= MAX_STEPS => (0..n).map(|i| (i.into(), Cow::Owned(i.into()))).collect(),
                    _ => return self.fail("range over a number that is negative, broken or too large"),
                },
                Value::String(_) | Value::Bool(_) => {
                    return self.fail("range needs a list, a map or a number");
                }
            },
        };
        if pairs.first().is_some_and(|(key, _)| key.is_string()) {
            pairs.sort_by(|(a, _), (b, _)| a.as_str().cmp(&b.as_str()));
        }
        Ok(pairs)
    }

    fn pipeline(&mut self, pipeline: &'a Pipeline, dot: &Val<'a>) -> Result<Val<'a>, TemplateError> {
        let value = self.commands(pipeline, dot)?;
        for name in &pipeline.variables {
            let known = self
                .variables
                .iter_mut()
                .rev()
                .find(|(known, _)| pipeline.assigns && known == name);
            match known {
                Some((_, slot)) => slot.clone_from(&value),
                None => self.variables.push((name, value.clone())),
            }
        }
        Ok(value)
    }

    fn commands(&mut self, pipeline: &'a Pipeline, dot: &Val<'a>) -> Result<Val<'a>, TemplateError> {
        self.line = pipeline.line;
        let mut piped: Option<Val<'a>> = None;
        for command in &pipeline.commands {
            self.step()?;
            piped = Some(match command {
                Command::Operand(operand) => self.operand(operand, dot)?,
                Command::Call(function, operands) => self.call(*function, operands, piped.take(), dot)?,
            });
        }
        Ok(piped.unwrap_or_default())
    }

    fn call(
        &mut self,
        function: Function,
        operands: &'a [Operand],
        piped: Option<Val<'a>>,
        dot: &Val<'a>,
    ) -> Result<Val<'a>, TemplateError> {
        if let Function::And | Function::Or = function {
            return self.short_circuit(function, operands, piped, dot);
        }
        let mut arguments = Vec::with_capacity(operands.len() + 1);
        for operand in operands {
            arguments.push(self.operand(operand, dot)?);
        }
        arguments.extend(piped);
        function
            .call(&arguments)
            .map_err(|message| TemplateError::new(self.line, message))
    }

    /// `and` and `or` evaluate no further than they must, as in Go.
    fn short_circuit(
        &mut self,
        function: Function,
        operands: &'a [Operand],
        piped: Option<Val<'a>>,
        dot: &Val<'a>,
    ) -> Result<Val<'a>, TemplateError> {
        let stop = function == Function::Or;
        let mut last = None;
        for operand in operands {
            let value = self.operand(operand, dot)?;
            if truth(&value) == stop {
                return Ok(value);
            }
            last = Some(value);
        }
        match piped.or(last) {
            Some(value) => Ok(value),
            None => self.fail("`and` and `or` need an argument"),
        }
    }

    fn operand(&mut self, operand: &'a Operand, dot: &Val<'a>) -> Result<Val<'a>, TemplateError> {
        self.step()?;
        match operand {
            Operand::Dot(path) => Ok(follow(dot, path)),
            Operand::Variable(name, path) => {
                let found = self.variables.iter().rev().find(|(known, _)| known == name);
                Ok(found.map(|(_, value)| follow(value, path)).unwrap_or_default())
            }
            Operand::Literal(value) => Ok(Cow::Borrowed(value)),
            Operand::Call(function) => self.call(*function, &[], None, dot),
            Operand::Group(pipeline, path) => {
                let line = self.line;
                let value = self.pipeline(pipeline, dot)?;
                self.line = line;
                Ok(follow(&value, path))
            }
        }
    }
}

/// The value under `path`; what is missing is null.
fn follow<'a>(value: &Val<'a>, path: &[String]) -> Val<'a> {
    match value {
        Cow::Borrowed(value) => Cow::Borrowed(child(value, path).unwrap_or(&Value::Null)),
        Cow::Owned(value) => Cow::Owned(child(value, path).cloned().unwrap_or_default()),
    }
}

fn child<'v>(value: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter()
        .try_fold(value, |value, name| value.get(name.as_str()))
}

/// The characters Go's html/template replaces, with the same references.
pub(super) fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '+' => out.push_str("&#43;"),
            '\0' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Whether the output ends where the value of a link attribute begins.
fn starts_url(out: &str) -> bool {
    let before = out.strip_suffix(['"', '\'']).unwrap_or(out).trim_end();
    let Some(name) = before.strip_suffix('=').map(str::trim_end) else {
        return false;
    };
    ["href", "src", "action", "background"].iter().any(|attribute| {
        name.len() > attribute.len()
            && name.as_bytes()[name.len() - attribute.len()..].eq_ignore_ascii_case(attribute.as_bytes())
    })
}

/// Schemes that run code. Others stay, since applications redirect to schemes of their own.
fn has_unsafe_scheme(url: &str) -> bool {
    // Browsers drop these characters before they read the scheme.
    let url: String = url
        .chars()
        .filter(|c| !c.is_ascii_control() && *c != ' ')
        .take(16)
        .collect();
    let url = url.to_ascii_lowercase();
    ["javascript:", "vbscript:", "data:"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
}
