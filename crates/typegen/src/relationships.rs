//! Relationships through views: a view that shows all columns of a foreign key has it too, at either end.

use std::collections::HashMap;

use ferrobase_sql::ColumnNumber;

use crate::model::Relationship;

/// Most ways in which one view can show one key: every column that a view shows several times multiplies them.
const MOST_WAYS: usize = 64;

/// A foreign key between tables.
#[derive(Debug)]
pub(crate) struct ForeignKey {
    pub(crate) own: Vec<ColumnNumber>,
    pub(crate) referenced: Vec<ColumnNumber>,
    pub(crate) between_tables: Relationship,
}

/// A view, and by which names it shows columns of tables.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) columns: HashMap<ColumnNumber, Vec<String>>,
}

/// The keys as relationships between tables, and between views and tables.
pub(crate) fn through_views(keys: Vec<ForeignKey>, views: &[View]) -> Vec<Relationship> {
    let mut derived = Vec::new();
    let mut all = Vec::with_capacity(keys.len());
    for key in keys {
        let own_ends = ends(views, &key.own);
        let referenced_ends = ends(views, &key.referenced);
        for (view, columns) in &own_ends {
            derived.push(from_view(&key.between_tables, view, columns));
        }
        for (view, columns) in &referenced_ends {
            derived.push(to_view(&key.between_tables, view, columns));
        }
        for (view, columns) in &own_ends {
            let from = from_view(&key.between_tables, view, columns);
            for (referenced, columns) in &referenced_ends {
                derived.push(to_view(&from, referenced, columns));
            }
        }
        all.push(key.between_tables);
    }
    all.extend(derived);
    all
}

/// All views that show `key`, in all ways.
fn ends<'v>(views: &'v [View], key: &[ColumnNumber]) -> Vec<(&'v View, Vec<String>)> {
    let mut ends = Vec::new();
    for view in views {
        ends.extend(ways(view, key).into_iter().map(|columns| (view, columns)));
    }
    ends
}

/// By which of its columns `view` shows `key`; nothing when it does not show all of it.
fn ways(view: &View, key: &[ColumnNumber]) -> Vec<Vec<String>> {
    let mut ways = vec![Vec::new()];
    for column in key {
        let Some(names) = view.columns.get(column) else {
            return Vec::new();
        };
        ways = ways
            .iter()
            .flat_map(|way| {
                names
                    .iter()
                    .map(move |name| [way.as_slice(), std::slice::from_ref(name)].concat())
            })
            .take(MOST_WAYS)
            .collect();
    }
    ways
}

fn from_view(key: &Relationship, view: &View, columns: &[String]) -> Relationship {
    Relationship {
        schema: view.schema.clone(),
        relation: view.name.clone(),
        columns: columns.to_vec(),
        ..key.clone()
    }
}

fn to_view(key: &Relationship, view: &View, columns: &[String]) -> Relationship {
    Relationship {
        referenced_schema: view.schema.clone(),
        referenced_relation: view.name.clone(),
        referenced_columns: columns.to_vec(),
        ..key.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ForeignKey {
        ForeignKey {
            own: vec![(1, 2), (1, 3)],
            referenced: vec![(2, 1), (2, 2)],
            between_tables: Relationship {
                name: "k".into(),
                schema: "s".into(),
                relation: "a".into(),
                columns: vec!["x".into(), "y".into()],
                is_one_to_one: false,
                referenced_schema: "s".into(),
                referenced_relation: "b".into(),
                referenced_columns: vec!["p".into(), "q".into()],
            },
        }
    }

    fn view(name: &str, columns: &[(ColumnNumber, &[&str])]) -> View {
        let columns = columns.iter().map(|(number, names)| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            (*number, names)
        });
        View {
            schema: "s".into(),
            name: name.into(),
            columns: columns.collect(),
        }
    }

    #[test]
    fn a_view_has_the_keys_that_it_shows_whole() {
        let views = [
            view("va", &[((1, 2), &["x1", "x2"]), ((1, 3), &["y"])]),
            view("vb", &[((2, 1), &["p"]), ((2, 2), &["q"])]),
            view("half", &[((1, 2), &["x"]), ((2, 1), &["p"])]),
        ];
        let found: Vec<String> = through_views(vec![key()], &views)
            .iter()
            .map(|found| {
                let (own, referenced) = (found.columns.join(","), found.referenced_columns.join(","));
                format!(
                    "{}({own}) {}({referenced})",
                    found.relation, found.referenced_relation
                )
            })
            .collect();
        assert_eq!(
            found,
            [
                "a(x,y) b(p,q)",
                "va(x1,y) b(p,q)",
                "va(x2,y) b(p,q)",
                "a(x,y) vb(p,q)",
                "va(x1,y) vb(p,q)",
                "va(x2,y) vb(p,q)",
            ]
        );
    }

    #[test]
    fn ways_are_bounded() {
        let names: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let columns: Vec<ColumnNumber> = (1..=4).map(|number| (1, number)).collect();
        let shown: Vec<(ColumnNumber, &[&str])> = columns.iter().map(|column| (*column, names)).collect();
        assert_eq!(ways(&view("v", &shown), &columns).len(), MOST_WAYS);
    }
}
