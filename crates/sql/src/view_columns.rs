//! From which column of which table each column of a view comes, through the views in between.

use std::collections::HashMap;

use crate::node_tree::OutputColumn;

/// A relation's identity in the catalog, and the number of one of its columns.
pub type ColumnNumber = (u32, i16);

/// The output columns of all views that matter.
#[derive(Debug, Default)]
pub struct ViewColumns {
    views: HashMap<u32, Vec<OutputColumn>>,
}

impl ViewColumns {
    /// Adds a view.
    pub fn insert(&mut self, view: u32, columns: Vec<OutputColumn>) {
        self.views.insert(view, columns);
    }

    /// Columns of `view` that show a column of a table unchanged: their number, then the table's column. In the view's
    /// order.
    pub fn of(&self, view: u32) -> impl Iterator<Item = (i16, ColumnNumber)> {
        let columns = self.views.get(&view).map(Vec::as_slice).unwrap_or_default();
        columns
            .iter()
            .filter_map(|column| Some((column.number, self.table_column(column.origin?)?)))
    }

    /// Follows a column down to a relation that is no view. Views can be made to select from each other in a circle
    /// (PostgreSQL notices when they are used): more steps than there are views lead nowhere.
    fn table_column(&self, mut column: ColumnNumber) -> Option<ColumnNumber> {
        for _ in 0..=self.views.len() {
            let Some(columns) = self.views.get(&column.0) else {
                return Some(column);
            };
            column = columns.iter().find(|inner| inner.number == column.1)?.origin?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(number: i16, origin: Option<ColumnNumber>) -> OutputColumn {
        OutputColumn { number, origin }
    }

    #[test]
    fn columns_are_followed_through_views() {
        let mut views = ViewColumns::default();
        views.insert(10, vec![column(1, Some((1, 7))), column(2, None)]);
        views.insert(
            11,
            vec![
                column(1, Some((10, 2))),
                column(2, Some((10, 1))),
                column(3, Some((10, 9))),
                column(4, Some((2, 3))),
                column(5, Some((10, 1))),
            ],
        );
        assert_eq!(
            views.of(11).collect::<Vec<_>>(),
            [(2, (1, 7)), (4, (2, 3)), (5, (1, 7))]
        );
        assert_eq!(views.of(12).count(), 0);
    }

    #[test]
    fn circles_lead_nowhere() {
        let mut views = ViewColumns::default();
        views.insert(10, vec![column(1, Some((11, 1)))]);
        views.insert(11, vec![column(1, Some((10, 1)))]);
        views.insert(12, vec![column(1, Some((12, 1)))]);
        assert_eq!(
            views.of(10).count() + views.of(11).count() + views.of(12).count(),
            0
        );
    }
}
