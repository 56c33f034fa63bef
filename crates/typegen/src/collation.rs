//! The order of names: that of English dictionaries, whatever the machine's own is.

use std::cmp::Ordering;

use icu_collator::options::CollatorOptions;
use icu_collator::{Collator, CollatorBorrowed};
use icu_locale_core::locale;

/// Compares names.
pub(crate) struct Collation(Option<CollatorBorrowed<'static>>);

impl Collation {
    pub(crate) fn english() -> Self {
        Self(Collator::try_new(locale!("en").into(), CollatorOptions::default()).ok())
    }

    /// Names that count as equal may differ in bytes (composed and decomposed letters).
    pub(crate) fn compare(&self, left: &str, right: &str) -> Ordering {
        match &self.0 {
            Some(collator) => collator.compare(left, right),
            None => left.cmp(right),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_ignore_case_first_and_put_punctuation_before_digits() {
        let collation = Collation::english();
        let mut names = [
            "zoo", "_z", "Äpfel", "apple", "a1", "A", "a_b", "ab", "10", "9", "a",
        ];
        names.sort_by(|a, b| collation.compare(a, b));
        assert_eq!(
            names,
            [
                "_z", "10", "9", "a", "A", "a_b", "a1", "ab", "Äpfel", "apple", "zoo"
            ]
        );
    }
}
