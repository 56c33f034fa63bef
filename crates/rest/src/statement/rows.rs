//! Rows with their related rows: one `SELECT`, one lateral join for each embed.

use ferrobase_query::Aggregate;
use ferrobase_sql::{Fragment, ident};

use super::conditions::{write_condition, write_existence, write_order};
use super::fields::{name, write_cast, write_field};
use crate::plan::{Column, EmbedPlan, Item, Link, ReadPlan, Source, aggregate_name};

/// The name of what a write or a function returned.
pub(super) const RESULT: &str = "\"pgrst_source\"";

/// The column of a returned row that is the row itself.
pub(super) const ROW: &str = "\"pgrst_row\"";

/// The rows of one level while they are written.
#[derive(Clone, Copy)]
pub(super) struct Rows<'r> {
    /// Their name.
    pub(super) alias: &'r str,
    /// What is related to them.
    pub(super) embeds: &'r [EmbedPlan],
    /// They came from a write and carry themselves in [`ROW`].
    carries_row: bool,
    /// They are only counted: nothing is joined.
    is_counted: bool,
}

impl<'r> Rows<'r> {
    /// Rows without related ones.
    pub(super) fn plain(alias: &'r str) -> Self {
        Self {
            alias,
            embeds: &[],
            carries_row: false,
            is_counted: false,
        }
    }

    fn of(plan: &'r ReadPlan) -> Self {
        Self {
            embeds: &plan.embeds,
            ..Self::plain(&plan.alias)
        }
    }

    /// Whether an embed is joined: not when only its existence matters.
    pub(super) fn has_join(&self, embed: &EmbedPlan) -> bool {
        !self.is_counted && (!embed.is_hidden || !embed.hidden.is_empty())
    }
}

/// Where the rows of the root come from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'o> {
    /// Their relation, or [`RESULT`].
    Own,
    /// A write, whose rows carry themselves in [`ROW`].
    Write,
    /// A function, called in place.
    Call(&'o dyn Fn(&mut Fragment)),
}

/// The rows of a plan at the root.
pub(super) fn write_root(sql: &mut Fragment, plan: &ReadPlan, origin: Origin<'_>) {
    let rows = Rows {
        carries_row: matches!(origin, Origin::Write),
        ..Rows::of(plan)
    };
    let grouped = write_items(sql, plan);
    write_from(sql, plan, origin);
    write_joins(sql, rows);
    write_where(sql, plan, rows, None);
    write_tail(sql, plan, &grouped);
}

/// One row for each that the plan's filters let through, without its range: what is counted.
pub(super) fn write_counted(sql: &mut Fragment, plan: &ReadPlan, origin: Origin<'_>) {
    let rows = Rows {
        carries_row: matches!(origin, Origin::Write),
        is_counted: true,
        ..Rows::of(plan)
    };
    sql.push("SELECT 1");
    write_from(sql, plan, origin);
    write_where(sql, plan, rows, None);
}

/// One row for each related row of one of `parent`'s.
pub(super) fn write_counted_related(sql: &mut Fragment, embed: &EmbedPlan, parent: Rows<'_>) {
    let rows = Rows {
        is_counted: true,
        ..Rows::of(&embed.plan)
    };
    sql.push("SELECT 1");
    write_related_from(sql, embed, parent);
    write_where(sql, &embed.plan, rows, Some((embed, parent)));
}

fn write_joins(sql: &mut Fragment, rows: Rows<'_>) {
    for embed in rows.embeds.iter().filter(|embed| rows.has_join(embed)) {
        write_join(sql, embed, rows);
    }
}

/// The select list; returns the positions of what is grouped by.
fn write_items(sql: &mut Fragment, plan: &ReadPlan) -> Vec<usize> {
    let mut list = List {
        sql,
        count: 0,
        grouped: Vec::new(),
    };
    list.sql.push("SELECT ");
    for item in &plan.items {
        match item {
            Item::Star => {
                list.next(true).push(ident(&plan.alias)).push(".*");
            }
            Item::Column(column) => write_column(list.next(true), &plan.alias, column),
            Item::Aggregate {
                function,
                of,
                cast,
                key,
            } => {
                let sql = list.next(false);
                write_cast(sql, cast.as_deref(), |sql| {
                    write_aggregate(sql, *function, |sql| match of {
                        Some(column) => write_value(sql, &plan.alias, column),
                        None => {
                            sql.push("*");
                        }
                    });
                });
                sql.push(" AS ").push(ident(key));
            }
            Item::Embed(index) => {
                let embed = &plan.embeds[*index];
                let sql = list.next(true);
                write_embedded(sql, embed, plan.is_grouped || plan.embeds_as_jsonb);
                sql.push(" AS ").push(ident(&embed.key));
            }
            Item::Spread(index) => write_spread(&mut list, &plan.embeds[*index], plan.is_grouped),
        }
    }
    if plan.is_grouped { list.grouped } else { Vec::new() }
}

/// A select list while it is written.
struct List<'l> {
    sql: &'l mut Fragment,
    count: usize,
    grouped: Vec<usize>,
}

impl List<'_> {
    fn next(&mut self, is_grouped_by: bool) -> &mut Fragment {
        if self.count > 0 {
            self.sql.push(", ");
        }
        self.count += 1;
        if is_grouped_by {
            self.grouped.push(self.count);
        }
        self.sql
    }
}

fn write_aggregate(sql: &mut Fragment, function: Aggregate, of: impl FnOnce(&mut Fragment)) {
    sql.push(aggregate_name(function)).push("(");
    of(sql);
    sql.push(")");
}

/// The value of a column, shown by its type's function and cast.
fn write_value(sql: &mut Fragment, alias: &str, column: &Column) {
    write_cast(sql, column.cast.as_deref(), |sql| match &column.field.shown_by {
        Some(function) => {
            sql.push(name(function)).push("(");
            write_field(sql, alias, &column.field);
            sql.push(")");
        }
        None => write_field(sql, alias, &column.field),
    });
}

fn write_column(sql: &mut Fragment, alias: &str, column: &Column) {
    write_value(sql, alias, column);
    let is_plain = column.cast.is_none() && column.field.shown_by.is_none() && column.key.is_none();
    if !is_plain {
        sql.push(" AS ").push(ident(column.shown_as()));
    }
}

/// Related rows as JSON.
fn write_embedded(sql: &mut Fragment, embed: &EmbedPlan, is_grouped: bool) {
    let join = ident(&embed.join);
    if embed.to_one {
        if embed.hidden.is_empty() {
            sql.push("row_to_json(").push(join).push(".*)");
        } else {
            sql.push("(to_jsonb(").push(join).push(".*)");
            for (key, _) in &embed.hidden {
                sql.push(" - ").push(ferrobase_sql::literal(key));
            }
            sql.push(")");
        }
    } else {
        sql.push("COALESCE(").push(join).push(".\"pgrst_rows\", '[]')");
    }
    // Only jsonb can be compared, which grouping does.
    if is_grouped {
        sql.push("::jsonb");
    }
}

/// Columns of related rows among the row's own.
fn write_spread(list: &mut List<'_>, embed: &EmbedPlan, is_grouped: bool) {
    let consumed = |key: &str| embed.hoisted.iter().any(|hoisted| hoisted.column == key);
    match embed.plan.keys() {
        Some(keys) => {
            for key in keys.iter().filter(|key| !consumed(key)) {
                let sql = list.next(true);
                if embed.to_one {
                    sql.push(ident(&embed.join)).push(".").push(ident(key));
                } else {
                    sql.push("COALESCE(")
                        .push(ident(&embed.join))
                        .push(".")
                        .push(ident(key))
                        .push(", '[]')");
                    if is_grouped {
                        sql.push("::jsonb");
                    }
                    sql.push(" AS ").push(ident(key));
                }
            }
        }
        None => {
            list.next(true).push(ident(&embed.join)).push(".*");
        }
    }
    for hoisted in &embed.hoisted {
        let sql = list.next(false);
        write_cast(sql, hoisted.cast.as_deref(), |sql| {
            write_aggregate(sql, hoisted.function, |sql| {
                sql.push(ident(&embed.join))
                    .push(".")
                    .push(ident(&hoisted.column));
            });
        });
        sql.push(" AS ").push(ident(&hoisted.key));
    }
}

impl ReadPlan {
    /// The keys of its rows; `None` if only PostgreSQL knows them.
    pub(super) fn keys(&self) -> Option<Vec<String>> {
        let mut keys = Vec::new();
        for item in &self.items {
            match item {
                Item::Star => return None,
                Item::Column(column) => keys.push(column.shown_as().to_owned()),
                Item::Aggregate { key, .. } => keys.push(key.clone()),
                Item::Embed(index) => keys.push(self.embeds[*index].key.clone()),
                Item::Spread(index) => {
                    let embed = &self.embeds[*index];
                    let consumed: Vec<&str> = embed
                        .hoisted
                        .iter()
                        .map(|hoisted| hoisted.column.as_str())
                        .collect();
                    keys.extend(
                        embed
                            .plan
                            .keys()?
                            .into_iter()
                            .filter(|key| !consumed.contains(&key.as_str())),
                    );
                    keys.extend(embed.hoisted.iter().map(|hoisted| hoisted.key.clone()));
                }
            }
        }
        Some(keys)
    }
}

fn write_from(sql: &mut Fragment, plan: &ReadPlan, origin: Origin<'_>) {
    sql.push(" FROM ");
    match (&plan.source, origin) {
        (Source::Relation(relation), _) => {
            sql.push(name(relation));
            if *relation.name == *plan.alias {
                return;
            }
        }
        (Source::Result, Origin::Call(write_call)) => write_call(sql),
        (Source::Result, _) => {
            sql.push(RESULT);
        }
    }
    sql.push(" AS ").push(ident(&plan.alias));
}

/// The rows of an embed, for one row of the level above.
fn write_related(sql: &mut Fragment, embed: &EmbedPlan, parent: Rows<'_>) {
    let plan = &embed.plan;
    let rows = Rows::of(plan);
    let grouped = write_items(sql, plan);
    for (index, (key, field)) in embed.hidden.iter().enumerate() {
        let is_first = index == 0 && plan.items.is_empty();
        sql.push(if is_first { "" } else { ", " });
        write_field(sql, &plan.alias, field);
        sql.push(" AS ").push(ident(key));
    }
    write_related_from(sql, embed, parent);
    write_joins(sql, rows);
    write_where(sql, plan, rows, Some((embed, parent)));
    write_tail(sql, plan, &grouped);
}

fn write_related_from(sql: &mut Fragment, embed: &EmbedPlan, parent: Rows<'_>) {
    let alias = &embed.plan.alias;
    match &embed.link {
        Link::Function { function, row_type } => {
            sql.push(" FROM ")
                .push(name(function))
                .push("(")
                .push(ident(parent.alias));
            if parent.carries_row {
                sql.push(".").push(ROW);
            }
            sql.push("::")
                .push(name(row_type))
                .push(") AS ")
                .push(ident(alias));
        }
        Link::Columns(_) => write_from(sql, &embed.plan, Origin::Own),
        Link::Junction { table, .. } => {
            write_from(sql, &embed.plan, Origin::Own);
            sql.push(", ")
                .push(name(table))
                .push(" AS ")
                .push(ident(&junction_alias(embed)));
        }
    }
}

fn junction_alias(embed: &EmbedPlan) -> String {
    format!("{}_junction", embed.join)
}

/// The columns by which related rows belong to a row.
fn write_link(sql: &mut Fragment, embed: &EmbedPlan, parent: Rows<'_>) {
    let equal = |sql: &mut Fragment, left: &str, column: &str, right: &str, other: &str| {
        sql.push(ident(left))
            .push(".")
            .push(ident(column))
            .push(" = ")
            .push(ident(right))
            .push(".")
            .push(ident(other));
    };
    match &embed.link {
        Link::Columns(pairs) => {
            sql.list(pairs, " AND ", |sql, (own, related)| {
                equal(sql, &embed.plan.alias, related, parent.alias, own);
            });
        }
        Link::Junction { origin, target, .. } => {
            let junction = junction_alias(embed);
            sql.list(origin, " AND ", |sql, (own, column)| {
                equal(sql, &junction, column, parent.alias, own);
            });
            sql.push(" AND ");
            sql.list(target, " AND ", |sql, (related, column)| {
                equal(sql, &junction, column, &embed.plan.alias, related);
            });
        }
        Link::Function { .. } => {}
    }
}

fn write_where(sql: &mut Fragment, plan: &ReadPlan, rows: Rows<'_>, link: Option<(&EmbedPlan, Rows<'_>)>) {
    let mut separator = " WHERE ";
    let mut next = |sql: &mut Fragment| {
        sql.push(separator);
        separator = " AND ";
    };
    if let Some((embed, parent)) = link
        && !matches!(embed.link, Link::Function { .. })
    {
        next(sql);
        write_link(sql, embed, parent);
    }
    for embed in rows.embeds {
        // Where there is a join it drops the rows by itself.
        if embed.is_inner && !rows.has_join(embed) {
            next(sql);
            write_existence(sql, rows, embed, true);
        }
    }
    for condition in &plan.conditions {
        next(sql);
        write_condition(sql, rows, condition);
    }
}

fn write_tail(sql: &mut Fragment, plan: &ReadPlan, grouped: &[usize]) {
    if !grouped.is_empty() {
        sql.push(" GROUP BY ");
        sql.list(grouped, ", ", |sql, position| {
            sql.push(position);
        });
    }
    write_order(sql, &plan.alias, &plan.embeds, &plan.order);
    // Limits stay in the text: the planner does better when it knows them, and they are few. Offsets are many.
    if let Some(limit) = plan.range.limit {
        sql.push(" LIMIT ").push(limit);
    }
    if plan.range.offset > 0 {
        sql.push(" OFFSET ").param(plan.range.offset.to_string());
    }
}

fn write_join(sql: &mut Fragment, embed: &EmbedPlan, parent: Rows<'_>) {
    let join = ident(&embed.join);
    sql.push(if embed.is_inner { " INNER" } else { " LEFT" })
        .push(" JOIN LATERAL (");
    if embed.to_one {
        write_related(sql, embed, parent);
    } else if embed.is_spread {
        sql.push("SELECT NULLIF(count(*), 0) AS \"pgrst_rows\"");
        for key in embed.plan.keys().unwrap_or_default() {
            sql.push(", json_agg(")
                .push(join)
                .push(".")
                .push(ident(&key))
                .push(") AS ")
                .push(ident(&key));
        }
        sql.push(" FROM (");
        write_related(sql, embed, parent);
        sql.push(") AS ").push(join);
    } else {
        sql.push("SELECT json_agg(")
            .push(join)
            .push(") AS \"pgrst_rows\" FROM (");
        write_related(sql, embed, parent);
        sql.push(") AS ").push(join);
    }
    sql.push(") AS ").push(join).push(" ON ");
    if embed.is_inner && !embed.to_one {
        write_existence(sql, parent, embed, true);
    } else {
        sql.push("TRUE");
    }
}
