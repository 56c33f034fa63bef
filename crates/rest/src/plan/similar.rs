//! "Perhaps you meant": names that are like the one that does not exist (rest.md section 18).

use std::collections::BTreeMap;

use crate::schema::SchemaCache;

/// Schemas with more relations than this get no suggestions: it would cost more than it helps.
const MOST_RELATIONS: usize = 500;

/// How alike a name must be to be suggested.
const ALIKE: f64 = 0.75;

/// How alike a list of parameters must be.
const ALIKE_PARAMETERS: f64 = 0.33;

pub(super) fn relation(cache: &SchemaCache, schema: &str, name: &str) -> Option<String> {
    let mut names: Vec<&str> = cache
        .relations
        .keys()
        .filter(|relation| &*relation.schema == schema)
        .map(|relation| &*relation.name)
        .collect();
    if names.len() >= MOST_RELATIONS {
        return None;
    }
    names.sort_unstable();
    let (best, score) = best(name, &names)?;
    (score >= ALIKE).then(|| format!("Perhaps you meant the table '{schema}.{best}'"))
}

pub(super) fn routine(cache: &SchemaCache, schema: &str, name: &str) -> Option<String> {
    let mut names: Vec<&str> = cache
        .routines
        .keys()
        .filter(|routine| &*routine.schema == schema)
        .map(|routine| &*routine.name)
        .collect();
    names.sort_unstable();
    let (best, score) = best(name, &names)?;
    (score >= ALIKE).then(|| format!("Perhaps you meant to call the function {schema}.{best}"))
}

/// The list of parameters that is most like the given one.
pub(super) fn parameters<'l>(given: &str, lists: &'l [String]) -> Option<&'l str> {
    let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
    let (best, score) = best(given, &lists)?;
    (score >= ALIKE_PARAMETERS).then_some(best)
}

/// The name that is most like the given one, if any is alike enough for a relationship.
pub(super) fn target<'l>(given: &str, names: &[&'l str]) -> Option<&'l str> {
    let (best, score) = best(given, names)?;
    (score >= ALIKE && best != given).then_some(best)
}

/// The best candidate: by pairs or triples of letters first, then by edit distance.
fn best<'l>(given: &str, candidates: &[&'l str]) -> Option<(&'l str, f64)> {
    let given = given.to_lowercase();
    for size in [3, 2] {
        let wanted = grams(&given, size);
        let mut scored: Vec<(&str, f64)> = candidates
            .iter()
            .map(|candidate| {
                (
                    *candidate,
                    cosine(&wanted, &grams(&candidate.to_lowercase(), size)),
                )
            })
            .filter(|(_, score)| *score > 0.0)
            .collect();
        if scored.is_empty() {
            continue;
        }
        scored.sort_by(|a, b| b.1.total_cmp(&a.1));
        scored.truncate(50);
        return scored
            .into_iter()
            .map(|(candidate, _)| {
                (
                    candidate,
                    strsim::normalized_levenshtein(&given, &candidate.to_lowercase()),
                )
            })
            .reduce(|best, next| if next.1 > best.1 { next } else { best });
    }
    None
}

/// Runs of letters and how often they occur, with the ends marked.
fn grams(text: &str, size: usize) -> BTreeMap<String, f64> {
    let kept: String = text
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ',' | ' ' | '_'))
        .collect();
    let marked: Vec<char> = format!("-{kept}-").chars().collect();
    let mut counts = BTreeMap::new();
    for window in marked.windows(size) {
        *counts.entry(window.iter().collect()).or_insert(0.0) += 1.0;
    }
    counts
}

fn cosine(a: &BTreeMap<String, f64>, b: &BTreeMap<String, f64>) -> f64 {
    let dot: f64 = a
        .iter()
        .filter_map(|(gram, count)| b.get(gram).map(|other| count * other))
        .sum();
    let norm =
        |counts: &BTreeMap<String, f64>| counts.values().map(|count| count * count).sum::<f64>().sqrt();
    let product = norm(a) * norm(b);
    if product == 0.0 { 0.0 } else { dot / product }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_alike_name_is_found() {
        let names = ["projects", "clients", "project_invoices"];
        assert_eq!(target("project", &names), Some("projects"));
        assert_eq!(target("clientz", &names), Some("clients"));
        assert_eq!(target("zebra", &names), None);
        assert_eq!(
            parameters("a, b", &["a, c".to_owned(), "x, y".to_owned()]),
            Some("a, c")
        );
    }
}
