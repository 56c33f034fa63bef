//! Reading what providers answer: by JSON pointer, forgiving about what is missing.

use serde_json::Value;

/// A text at `pointer`, "" when there is none. Numbers become text: many providers count their users.
pub(super) fn text(answer: &Value, pointer: &str) -> String {
    match answer.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// A truth at `pointer`; anything but `true` is false.
pub(super) fn truth(answer: &Value, pointer: &str) -> bool {
    answer.pointer(pointer) == Some(&Value::Bool(true))
}

/// The items of a list at `pointer`.
pub(super) fn items<'a>(answer: &'a Value, pointer: &str) -> &'a [Value] {
    answer
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Answer number `index`, `null` when there are fewer.
pub(super) fn nth(answers: &[Value], index: usize) -> &Value {
    answers.get(index).unwrap_or(&Value::Null)
}
