//! "Perhaps you meant": names that are like the one that does not exist (rest.md section 18).

use std::collections::BTreeMap;

use crate::schema::SchemaCache;

/// Schemas with more relations than this get no suggestions: it would cost more than it helps.
const MOST_RELATIONS: usize = 500;

/// How alike the name of a table or function must be to be suggested.
const ALIKE: f64 = 0.75;

/// How alike anything else must be.
const SOMEWHAT_ALIKE: f64 = 0.33;

/// Most candidates that are compared letter by letter.
const COMPARED: usize = 50;

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
    let (best, _) = best(name, &names, ALIKE)?;
    Some(format!("Perhaps you meant the table '{schema}.{best}'"))
}

pub(super) fn routine(cache: &SchemaCache, schema: &str, name: &str) -> Option<String> {
    let mut names: Vec<&str> = cache
        .routines
        .keys()
        .filter(|routine| &*routine.schema == schema)
        .map(|routine| &*routine.name)
        .collect();
    names.sort_unstable();
    let (best, _) = best(name, &names, ALIKE)?;
    Some(format!("Perhaps you meant to call the function {schema}.{best}"))
}

/// The list of parameters that is most like the given one; both with their parentheses, which count as letters do.
pub(super) fn parameters<'l>(given: &str, lists: &'l [String]) -> Option<&'l str> {
    let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
    best(given, &lists, SOMEWHAT_ALIKE).map(|(best, _)| best)
}

/// The origin of a relationship that is most like the given one.
pub(super) fn origin<'l>(given: &str, names: &[&'l str]) -> Option<&'l str> {
    best(given, names, SOMEWHAT_ALIKE).map(|(best, _)| best)
}

/// The target of a relationship that is most like the given one; none where that exists, but for the case of letters.
pub(super) fn target<'l>(given: &str, names: &[&'l str]) -> Option<&'l str> {
    let (best, score) = best(given, names, SOMEWHAT_ALIKE)?;
    (score < 1.0).then_some(best)
}

/// The best candidate that is alike enough: by runs of three letters, and where those find none, of two.
fn best<'l>(given: &str, candidates: &[&'l str], least: f64) -> Option<(&'l str, f64)> {
    let given = given.to_lowercase();
    let same = candidates
        .iter()
        .find(|candidate| candidate.to_lowercase() == given);
    match same {
        Some(same) => Some((same, 1.0)),
        None => [3, 2]
            .into_iter()
            .find_map(|size| best_by_grams(&given, candidates, least, size)),
    }
}

/// Runs of letters choose the candidates, the edit distance decides between them.
fn best_by_grams<'l>(given: &str, candidates: &[&'l str], least: f64, size: usize) -> Option<(&'l str, f64)> {
    let wanted = grams(given, size);
    let mut scored: Vec<(&str, String, f64)> = candidates
        .iter()
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            let score = cosine(&wanted, &grams(&lower, size));
            (*candidate, lower, score)
        })
        .filter(|(_, _, score)| *score > 0.0)
        .collect();
    scored.sort_by(|a, b| b.2.total_cmp(&a.2));
    scored
        .into_iter()
        .take(COMPARED)
        .map(|(candidate, lower, _)| (candidate, strsim::normalized_levenshtein(given, &lower)))
        .filter(|(_, score)| *score >= least)
        .reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// Runs of letters and how often they occur, with the ends marked.
fn grams(text: &str, size: usize) -> BTreeMap<String, f64> {
    let kept: String = text
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ',' | ' '))
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
            target("car_model_sales_202101", &["car_brands", "car_model_sales"]),
            Some("car_model_sales")
        );
        // Alike enough for a relationship is not yet alike enough for a table.
        assert_eq!(best("car_model_sales_202101", &["car_model_sales"], ALIKE), None);
    }

    #[test]
    fn names_that_differ_in_case_are_the_same() {
        assert_eq!(target("Projects", &["project", "projects"]), None);
        assert_eq!(origin("Projects", &["project", "projects"]), Some("projects"));
    }

    #[test]
    fn lists_of_parameters_have_parentheses() {
        let lists = |lists: &[&str]| lists.iter().map(|list| (*list).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            parameters("(a, b, smthelse)", &lists(&["(a, b)"])),
            Some("(a, b)")
        );
        assert_eq!(
            parameters("(a, b)", &lists(&["(a, c)", "(x, y)"])),
            Some("(a, c)")
        );
        assert_eq!(parameters("(name)", &lists(&["()"])), None);
    }

    #[test]
    fn pairs_of_letters_are_looked_at_where_triples_find_nothing() {
        assert_eq!(grams("a_b", 3), grams("ab", 3));
        assert_eq!(best_by_grams("xaby", &["zabw"], SOMEWHAT_ALIKE, 3), None);
        assert_eq!(origin("xaby", &["zabw"]), Some("zabw"));
    }
}
