//! Values, operators and casts to choose from.

use super::random::Random;

pub(super) const CASTS: &[&str] = &[
    "text",
    "int",
    "numeric",
    "jsonb",
    "json",
    "date",
    "varchar",
    "text_",
    "double precision",
];

pub(super) const AGGREGATES: &[&str] = &["sum", "avg", "count", "max", "min"];

const COMPARISONS: &[&str] = &["eq", "gt", "gte", "lt", "lte"];
const PATTERNS: &[&str] = &["like", "ilike", "match", "imatch"];
const SETS: &[&str] = &["cs", "cd", "ov"];
const RANGES: &[&str] = &["sl", "sr", "nxr", "nxl", "adj", "cs", "cd", "ov"];
const SEARCHES: &[&str] = &[
    "fts",
    "plfts",
    "phfts",
    "wfts",
    "fts(english)",
    "wfts(simple)",
    "plfts(klingon)",
];
const IS: &[&str] = &["null", "not_null", "NULL", "true", "false", "unknown"];
const TEXTS: &[&str] = &[
    "a", "Red saw", "*o*", "O'Neill", "ümlaut", "%", "\\", "x,y", "\"q\"", "(a)", "", " ", "null", "日本",
    "{a,b}", "-1",
];

/// A value that mostly fits a type.
pub(super) fn value(random: &mut Random, type_name: &str) -> String {
    if random.chance(8) {
        return (*random.pick(TEXTS)).to_owned();
    }
    let number = random.below(60);
    match type_name {
        "boolean" => (*random.pick(&["true", "false"])).to_owned(),
        "date" => format!("2024-0{}-1{}", random.below(9) + 1, random.below(9)),
        name if name.starts_with("timestamp") => format!("2024-0{}-03 10:00", random.below(9) + 1),
        "json" | "jsonb" => {
            (*random.pick(&["{}", "[1,2]", "{\"a\":{\"b\":null}}", "\"text\"", "7"])).to_owned()
        }
        "int4range" => format!("[{number},{})", number + 5),
        "daterange" | "tstzrange" => "[2023-06-01,2024-02-01)".to_owned(),
        "tsvector" => (*random.pick(&["saw", "cat", "tree"])).to_owned(),
        "shop.color" => format!("#{:06x}", number * 65793),
        name if name.ends_with("[]") => format!("{{{},{number}}}", random.pick(&["vip", "1", "eco"])),
        name if name.contains("int") || name.starts_with("numeric") || name == "shop.amount" => {
            number.to_string()
        }
        _ => (*random.pick(TEXTS)).to_owned(),
    }
}

/// `operator.value`, mostly one that fits a type.
pub(super) fn condition(random: &mut Random, type_name: &str, in_tree: bool) -> String {
    let not = if random.chance(15) { "not." } else { "" };
    let quoted = |value: String| {
        if in_tree && value.contains(['"', ',', '(', ')', '\\', '.']) {
            format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
        } else {
            value
        }
    };
    let kind = random.below(100);
    let rest = if kind < 12 {
        format!(
            "is.{}",
            random.pick(if type_name == "boolean" { IS } else { &IS[..3] })
        )
    } else if kind < 22 {
        let count = random.below(4);
        let values: Vec<String> = (0..count)
            .map(|_| {
                format!(
                    "\"{}\"",
                    value(random, type_name)
                        .replace('\\', "\\\\")
                        .replace('"', "\\\"")
                )
            })
            .collect();
        format!("in.({})", values.join(","))
    } else if kind < 28 {
        format!("isdistinct.{}", quoted(value(random, type_name)))
    } else if kind < 36 {
        let operator = random.pick(COMPARISONS);
        let quantifier = random.pick(&["any", "all"]);
        format!("{operator}({quantifier}).{{{}}}", number_list(random))
    } else {
        let operators = match type_name {
            "tsvector" => SEARCHES,
            "int4range" | "daterange" | "tstzrange" => RANGES,
            "jsonb" => &SETS[..2],
            name if name.ends_with("[]") => SETS,
            "text" | "shop.word" if random.chance(40) => PATTERNS,
            "text" if random.chance(20) => SEARCHES,
            _ => COMPARISONS,
        };
        let operator = random.pick(operators);
        format!("{operator}.{}", quoted(value(random, type_name)))
    };
    if random.chance(3) {
        let operator = random.pick(&["neq", "sl", "adj", "cs", "fts", "nope", "eq(any)"]);
        return format!("{not}{operator}.{}", quoted(value(random, type_name)));
    }
    format!("{not}{rest}")
}

fn number_list(random: &mut Random) -> String {
    let count = random.below(4);
    let numbers: Vec<String> = (0..count).map(|_| random.below(50).to_string()).collect();
    numbers.join(",")
}
