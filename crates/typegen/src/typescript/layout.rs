//! Lays text out within a line's width, by the rules of the formatter that the official generator ends with: a group goes on one line if
//! that fits, else all its line ends are taken.

use unicode_width::UnicodeWidthStr;

/// Columns of a line.
const WIDTH: usize = 80;

/// Blanks of a level.
const INDENT: usize = 2;

/// Text with places where lines may end.
#[derive(Debug, Clone)]
pub(super) enum Doc {
    Text(String),
    /// A blank, or the end of a line.
    Line,
    /// Nothing, or the end of a line.
    SoftLine,
    /// Nothing unless lines end, then this.
    IfBroken(&'static str),
    /// Nothing if lines end, else this.
    IfFlat(&'static str),
    Concat(Vec<Doc>),
    Indent(Box<Doc>),
    Group {
        inner: Box<Doc>,
        is_broken: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Flat,
    Broken,
}

/// A part that waits, with its indentation.
type Waiting<'d> = (usize, Mode, &'d Doc);

pub(super) fn text(text: impl Into<String>) -> Doc {
    Doc::Text(text.into())
}

pub(super) fn indent(inner: Vec<Doc>) -> Doc {
    Doc::Indent(Box::new(Doc::Concat(inner)))
}

/// A group that goes on one line if it fits and nothing in it says otherwise.
pub(super) fn group(inner: Vec<Doc>) -> Doc {
    let is_broken = inner.iter().any(Doc::has_broken_group);
    Doc::Group {
        inner: Box::new(Doc::Concat(inner)),
        is_broken,
    }
}

/// A group whose lines all end, and with it those of the groups around it.
pub(super) fn broken_group(inner: Vec<Doc>) -> Doc {
    Doc::Group {
        inner: Box::new(Doc::Concat(inner)),
        is_broken: true,
    }
}

/// `items` with `separator` and a line between them.
pub(super) fn lines(items: impl IntoIterator<Item = Doc>, separator: &Doc) -> Vec<Doc> {
    let mut joined = Vec::new();
    for item in items {
        if !joined.is_empty() {
            joined.extend([separator.clone(), Doc::Line]);
        }
        joined.push(item);
    }
    joined
}

impl Doc {
    fn has_broken_group(&self) -> bool {
        match self {
            Self::Concat(parts) => parts.iter().any(Self::has_broken_group),
            Self::Indent(inner) => inner.has_broken_group(),
            Self::Group { is_broken, .. } => *is_broken,
            _ => false,
        }
    }

    /// The text.
    pub(super) fn print(&self) -> String {
        let mut page = Page::default();
        let mut waiting: Vec<Waiting<'_>> = vec![(0, Mode::Broken, self)];
        while let Some((level, mode, doc)) = waiting.pop() {
            match doc {
                Self::Text(text) => page.write(text),
                Self::Line | Self::SoftLine if mode == Mode::Broken => page.end_line(level),
                Self::Line => page.write(" "),
                Self::IfBroken(text) if mode == Mode::Broken => page.write(text),
                Self::IfFlat(text) if mode == Mode::Flat => page.write(text),
                Self::SoftLine | Self::IfBroken(_) | Self::IfFlat(_) => {}
                Self::Concat(parts) => waiting.extend(parts.iter().rev().map(|part| (level, mode, part))),
                Self::Indent(inner) => waiting.push((level + INDENT, mode, inner)),
                Self::Group { inner, is_broken } => {
                    let is_flat = !is_broken && fits(inner, WIDTH.saturating_sub(page.column), &waiting);
                    let mode = if is_flat { Mode::Flat } else { Mode::Broken };
                    waiting.push((level, mode, inner));
                }
            }
        }
        page.text
    }
}

/// Whether `doc` on one line, and what follows up to the next possible end of a line, takes no more than `width`.
fn fits(doc: &Doc, width: usize, rest: &[Waiting<'_>]) -> bool {
    let mut left = width;
    let mut ahead = vec![(Mode::Flat, doc)];
    let mut rest = rest.iter().rev();
    loop {
        let Some((mode, doc)) = ahead
            .pop()
            .or_else(|| rest.next().map(|(_, mode, doc)| (*mode, *doc)))
        else {
            return true;
        };
        let taken = match doc {
            Doc::Text(text) => text.width(),
            Doc::Line | Doc::SoftLine if mode == Mode::Broken => return true,
            Doc::Line => 1,
            Doc::IfBroken(text) if mode == Mode::Broken => text.len(),
            Doc::IfFlat(text) if mode == Mode::Flat => text.len(),
            Doc::SoftLine | Doc::IfBroken(_) | Doc::IfFlat(_) => 0,
            Doc::Concat(parts) => {
                ahead.extend(parts.iter().rev().map(|part| (mode, part)));
                0
            }
            Doc::Indent(inner) => {
                ahead.push((mode, inner));
                0
            }
            Doc::Group { inner, is_broken } => {
                let mode = if *is_broken { Mode::Broken } else { Mode::Flat };
                ahead.push((mode, inner));
                0
            }
        };
        match left.checked_sub(taken) {
            Some(remaining) => left = remaining,
            None => return false,
        }
    }
}

#[derive(Debug, Default)]
struct Page {
    text: String,
    column: usize,
}

impl Page {
    fn write(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.width();
    }

    /// Lines do not end with blanks.
    fn end_line(&mut self, level: usize) {
        let length = self.text.trim_end_matches(' ').len();
        self.text.truncate(length);
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n(' ', level));
        self.column = level;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> Doc {
        let items = lines(items.iter().map(|item| text(*item)), &text(","));
        group(vec![
            text("["),
            indent(vec![Doc::SoftLine, Doc::Concat(items)]),
            Doc::IfBroken(","),
            Doc::SoftLine,
            text("]"),
        ])
    }

    #[test]
    fn a_group_takes_its_line_ends_together() {
        assert_eq!(list(&["a", "b"]).print(), "[a, b]");
        let wide = "x".repeat(40);
        assert_eq!(
            list(&[&wide, &wide]).print(),
            format!("[\n  {wide},\n  {wide},\n]")
        );
    }

    #[test]
    fn what_follows_counts() {
        let wide = "x".repeat(37);
        let both = |tail: &str| Doc::Concat(vec![list(&[&wide, &wide]), text(tail)]).print();
        assert!(!both("12").contains('\n'));
        assert!(both("123").contains('\n'));
    }

    #[test]
    fn wide_letters_take_two_columns() {
        let wide = "語".repeat(20);
        assert!(list(&[&wide, &wide]).print().contains('\n'));
    }

    #[test]
    fn a_broken_group_breaks_those_around_it() {
        let inner = broken_group(vec![text("{"), Doc::SoftLine, text("}")]);
        assert_eq!(group(vec![text("a "), Doc::SoftLine, inner]).print(), "a\n{\n}");
    }
}
