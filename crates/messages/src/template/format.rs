//! How values print, and `printf`.

use serde_json::{Number, Value};

/// The text of a value as Go's `%v` writes it, except that null is empty and numbers have no exponent.
pub(super) fn print(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => number(n),
        Value::String(s) => s.clone(),
        Value::Array(list) => format!("[{}]", list.iter().map(print).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_by_key(|(key, _)| *key);
            let pairs: Vec<_> = pairs
                .into_iter()
                .map(|(key, value)| format!("{key}:{}", print(value)))
                .collect();
            format!("map[{}]", pairs.join(" "))
        }
    }
}

fn number(n: &Number) -> String {
    match n.as_f64() {
        // 2.0 and 2 are the same number in JSON.
        Some(float) if n.is_f64() => format!("{float}"),
        _ => n.to_string(),
    }
}

/// Go's `print`: a space between two operands when neither is a string.
pub(super) fn print_all(values: &[&Value]) -> String {
    let mut out = String::new();
    for (i, value) in values.iter().enumerate() {
        if i > 0 && !value.is_string() && !values[i - 1].is_string() {
            out.push(' ');
        }
        out.push_str(&print(value));
    }
    out
}

/// Go's `printf` for `%s %v %d %f %g %q %t %x %X %c %%` with flags, width and precision.
pub(super) fn printf(format: &str, arguments: &[&Value]) -> Result<String, String> {
    let mut out = String::new();
    let mut arguments = arguments.iter();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let spec = Spec::read(&mut chars)?;
        if spec.verb == '%' {
            out.push('%');
            continue;
        }
        let Some(value) = arguments.next() else {
            return Err(format!("printf has no value for %{}", spec.verb));
        };
        out.push_str(&spec.pad(spec.text(value)?));
    }
    Ok(out)
}

/// Widest field and precision: the format is the template author's, the bound is against slips.
const MAX_WIDTH: usize = 200;

#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    verb: char,
}

impl Spec {
    fn read(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Self, String> {
        let mut spec = Self::default();
        while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '+' | '0' | ' ' | '#')) {
            match flag {
                '-' => spec.left = true,
                '+' => spec.plus = true,
                '0' => spec.zero = true,
                _ => {}
            }
        }
        spec.width = digits(chars).unwrap_or(0);
        if chars.next_if_eq(&'.').is_some() {
            spec.precision = Some(digits(chars).unwrap_or(0));
        }
        spec.verb = chars.next().ok_or("printf ends with a lone %")?;
        if spec.width > MAX_WIDTH || spec.precision.unwrap_or(0) > MAX_WIDTH {
            return Err(format!("printf width is larger than {MAX_WIDTH}"));
        }
        Ok(spec)
    }

    fn text(&self, value: &Value) -> Result<String, String> {
        let wrong = || Err(format!("printf %{} cannot show this value", self.verb));
        match self.verb {
            's' | 'v' => {
                let text = print(value);
                Ok(match self.precision {
                    Some(length) if value.is_string() => text.chars().take(length).collect(),
                    _ => text,
                })
            }
            'q' => Ok(format!("{:?}", print(value))),
            't' => value.as_bool().map_or_else(wrong, |b| Ok(b.to_string())),
            'd' => integer(value).map_or_else(wrong, |n| Ok(self.sign(n >= 0, n.to_string()))),
            'c' => integer(value)
                .and_then(|n| u32::try_from(n).ok())
                .and_then(char::from_u32)
                .map_or_else(wrong, |c| Ok(c.to_string())),
            'f' | 'F' => value.as_f64().map_or_else(wrong, |n| {
                Ok(self.sign(n >= 0.0, format!("{n:.*}", self.precision.unwrap_or(6))))
            }),
            'g' => value
                .as_f64()
                .map_or_else(wrong, |n| Ok(self.sign(n >= 0.0, n.to_string()))),
            'x' => Self::hex(value).map_or_else(wrong, Ok),
            'X' => Self::hex(value).map_or_else(wrong, |text| Ok(text.to_uppercase())),
            verb => Err(format!("printf does not know %{verb}")),
        }
    }

    fn hex(value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(data_encoding::HEXLOWER.encode(text.as_bytes())),
            value => integer(value).map(|n| {
                let sign = if n < 0 { "-" } else { "" };
                format!("{sign}{:x}", n.unsigned_abs())
            }),
        }
    }

    fn sign(&self, positive: bool, text: String) -> String {
        if self.plus && positive {
            format!("+{text}")
        } else {
            text
        }
    }

    fn pad(&self, text: String) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if missing == 0 {
            return text;
        }
        if self.left {
            return text + &" ".repeat(missing);
        }
        if self.zero && matches!(self.verb, 'd' | 'f' | 'F' | 'g' | 'x' | 'X') {
            let digits = text.trim_start_matches(['-', '+']);
            let sign = &text[..text.len() - digits.len()];
            return format!("{sign}{}{digits}", "0".repeat(missing));
        }
        " ".repeat(missing) + &text
    }
}

fn digits(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<usize> {
    let mut number: Option<usize> = None;
    while let Some(digit) = chars.next_if(char::is_ascii_digit).and_then(|c| c.to_digit(10)) {
        number = Some(
            number
                .unwrap_or(0)
                .saturating_mul(10)
                .saturating_add(digit as usize),
        );
    }
    number
}

/// Numbers of JSON have no kind: 3.0 is as good a `%d` as 3.
fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let float = value.as_f64().filter(|n| n.fract() == 0.0)?;
        format!("{float}").parse().ok()
    })
}
