//! Names that rows have in a statement: the relation's own at the root, numbered below. None of them hides another.

/// Longest part of a name that is kept: PostgreSQL cuts identifiers at 63 bytes, and a cut number would be lost.
const LONGEST: usize = 48;

/// A name for the rows of `relation` at `depth`, different from all `taken`.
pub(super) fn alias(relation: &str, depth: usize, taken: &[String]) -> String {
    if depth == 0 {
        return relation.to_owned();
    }
    let mut end = relation.len().min(LONGEST);
    while !relation.is_char_boundary(end) {
        end -= 1;
    }
    let mut alias = format!("{}_{depth}", &relation[..end]);
    while taken.contains(&alias) {
        alias.push('_');
    }
    alias
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_differ() {
        assert_eq!(alias("a", 0, &[]), "a");
        assert_eq!(alias("a", 2, &[]), "a_2");
        assert_eq!(alias("a", 1, &["a_1".to_owned()]), "a_1_");
        assert!(alias(&"é".repeat(40), 1, &[]).len() < 60);
    }
}
