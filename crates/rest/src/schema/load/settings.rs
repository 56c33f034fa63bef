//! Settings as `ALTER ROLE … SET` and `ALTER FUNCTION … SET` store them.

use super::names::Names;
use crate::schema::model::Name;

/// The setting that decides how a transaction begins instead of being set in it.
const ISOLATION: &str = "default_transaction_isolation";

/// `name=value` each, without those that `is_kept` refuses; the isolation level by itself.
pub(super) fn split(
    stored: &[&str],
    names: &mut Names,
    is_kept: impl Fn(&str) -> bool,
) -> (Vec<(Name, String)>, Option<Name>) {
    let mut settings = Vec::new();
    let mut isolation = None;
    for (name, value) in stored.iter().filter_map(|setting| setting.split_once('=')) {
        if name == ISOLATION {
            isolation = Some(names.get(&value.to_lowercase()));
        } else if is_kept(name) {
            settings.push((names.get(name), value.to_owned()));
        }
    }
    (settings, isolation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_have_equal_signs() {
        let stored = [
            "a.b=x=y",
            "default_transaction_isolation=Repeatable Read",
            "c=",
            "d",
        ];
        let (settings, isolation) = split(&stored, &mut Names::default(), |name| name != "z");
        assert_eq!(
            settings,
            [("a.b".into(), "x=y".to_owned()), ("c".into(), String::new())]
        );
        assert_eq!(isolation.as_deref(), Some("repeatable read"));
    }
}
