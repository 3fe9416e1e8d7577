//! A table that is sorted and turned over by links, and that a phone shows as cards.

use std::cmp::Ordering;

use askama::Template;
use axum::http::Uri;

use crate::page::link;

/// Rows of one page.
const PAGE: usize = 50;

/// How a table is looked at: what the address says.
#[derive(Debug, Clone, Default)]
pub(crate) struct View {
    parameters: Vec<(String, String)>,
}

impl View {
    pub(crate) fn of(uri: &Uri) -> Self {
        let parameters = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        Self { parameters }
    }

    /// A parameter without white space around it; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.parameters.iter().find(|(other, _)| other == name).map_or("", |(_, value)| value.trim())
    }

    /// The address of the same page with other parameters.
    fn with(&self, path: &str, changes: &[(&str, &str)]) -> String {
        let kept = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, value)| !value.is_empty() && changes.iter().all(|(other, _)| other != name));
        let changes = changes.iter().copied().filter(|(_, value)| !value.is_empty());
        link(path, &kept.chain(changes).collect::<Vec<_>>())
    }
}

/// What a cell is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i64),
    Text(String),
}

/// A cell.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    href: Option<String>,
    class: &'static str,
    /// A second line, smaller.
    note: String,
    key: Key,
}

impl Cell {
    /// A text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { key: Key::Text(text.to_lowercase()), text, href: None, class: "", note: String::new() }
    }

    /// A number.
    pub(crate) fn number(number: u64) -> Self {
        let key = Key::Number(i64::try_from(number).unwrap_or(i64::MAX));
        Self { key, class: "number", ..Self::text(number.to_string()) }
    }

    /// A text that is sorted by a number.
    pub(crate) fn by(text: impl Into<String>, key: i64) -> Self {
        Self { key: Key::Number(key), ..Self::text(text) }
    }

    /// A name of a program, a digest, an id.
    pub(crate) fn code(text: impl Into<String>) -> Self {
        Self { class: "code", ..Self::text(text) }
    }

    /// The same as a link.
    pub(crate) fn linked(self, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..self }
    }

    /// The same with a second line.
    pub(crate) fn note(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// The same in the look of a class: `good`, `bad`, `quiet`.
    pub(crate) fn class(self, class: &'static str) -> Self {
        Self { class, ..self }
    }
}

struct Heading {
    label: &'static str,
    href: Option<String>,
    /// `ascending`, `descending` or `none`.
    order: &'static str,
}

struct Pager {
    summary: String,
    previous: Option<String>,
    next: Option<String>,
}

/// A table.
#[derive(Template)]
#[template(path = "table.html")]
pub(crate) struct Table {
    caption: &'static str,
    headings: Vec<Heading>,
    rows: Vec<Vec<(&'static str, Cell)>>,
    empty: &'static str,
    pager: Option<Pager>,
}

impl Table {
    /// All rows in their order.
    pub(crate) fn plain(
        caption: &'static str,
        labels: &[&'static str],
        rows: Vec<Vec<Cell>>,
        empty: &'static str,
    ) -> Self {
        let headings = labels.iter().map(|label| Heading { label, href: None, order: "none" }).collect();
        Self { caption, headings, rows: labelled(labels, rows), empty, pager: None }
    }

    /// The page of the rows that the view asks for, sorted by the column that it names; `path` is the address.
    pub(crate) fn sorted(
        view: &View,
        path: &str,
        caption: &'static str,
        labels: &[&'static str],
        mut rows: Vec<Vec<Cell>>,
        empty: &'static str,
    ) -> Self {
        let sort: Option<usize> = view.text("sort").parse().ok().filter(|column| *column < labels.len());
        let down = view.text("down") == "1";
        if let Some(column) = sort {
            rows.sort_by(|one, other| {
                let order = compare(one, other, column);
                if down { order.reverse() } else { order }
            });
        }
        let heading = |(column, label): (usize, &&'static str)| {
            let order = match sort {
                Some(sorted) if sorted == column && down => "descending",
                Some(sorted) if sorted == column => "ascending",
                _ => "none",
            };
            let turned = if order == "ascending" { "1" } else { "" };
            let changes = [("sort", column.to_string()), ("down", turned.to_owned()), ("page", String::new())];
            let changes: Vec<_> = changes.iter().map(|(name, value)| (*name, value.as_str())).collect();
            Heading { label, href: Some(view.with(path, &changes)), order }
        };
        let headings = labels.iter().enumerate().map(heading).collect();
        let (all, pages) = (rows.len(), rows.len().div_ceil(PAGE).max(1));
        let page = view.text("page").parse::<usize>().unwrap_or(1).clamp(1, pages);
        let first = (page - 1) * PAGE;
        let shown: Vec<_> = rows.into_iter().skip(first).take(PAGE).collect();
        let at = |page: usize| view.with(path, &[("page", &page.to_string())]);
        let pager = (pages > 1).then(|| Pager {
            summary: format!("{} to {} of {all}", first + 1, first + shown.len()),
            previous: (page > 1).then(|| at(page - 1)),
            next: (page < pages).then(|| at(page + 1)),
        });
        Self { caption, headings, rows: labelled(labels, shown), empty, pager }
    }
}

fn compare(one: &[Cell], other: &[Cell], column: usize) -> Ordering {
    one.get(column).map(|cell| &cell.key).cmp(&other.get(column).map(|cell| &cell.key))
}

fn labelled(labels: &[&'static str], rows: Vec<Vec<Cell>>) -> Vec<Vec<(&'static str, Cell)>> {
    rows.into_iter().map(|row| labels.iter().copied().zip(row).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(query: &str, count: u64) -> Table {
        let rows = (0..count).map(|row| vec![Cell::text(format!("name {}", count - row)), Cell::number(row)]).collect();
        let view = View::of(&format!("/console/x?{query}").parse().unwrap());
        Table::sorted(&view, "/console/x", "Things", &["Name", "Number"], rows, "none")
    }

    fn numbers(table: &Table) -> Vec<&str> {
        table.rows.iter().map(|row| row[1].1.text.as_str()).collect()
    }

    #[test]
    fn numbers_are_sorted_as_numbers_and_backwards_too() {
        assert_eq!(numbers(&table("", 3)), ["0", "1", "2"], "as given");
        assert_eq!(numbers(&table("sort=1&down=1", 11)).first(), Some(&"10"));
        assert_eq!(numbers(&table("sort=0", 3)), ["2", "1", "0"]);
        assert_eq!(numbers(&table("sort=9", 3)), ["0", "1", "2"], "there is no such column");
        let sorted = table("sort=1&text=a%26b&page=2", 3);
        assert_eq!((sorted.headings[1].order, sorted.headings[0].order), ("ascending", "none"));
        assert_eq!(sorted.headings[1].href.as_deref(), Some("/console/x?text=a%26b&sort=1&down=1"));
    }

    #[test]
    fn a_long_table_has_pages() {
        assert!(table("", 50).pager.is_none());
        for (page, first, summary, previous, next) in [
            ("", "0", "1 to 50 of 101", false, true),
            ("page=2", "50", "51 to 100 of 101", true, true),
            ("page=3", "100", "101 to 101 of 101", true, false),
            ("page=99", "100", "101 to 101 of 101", true, false),
            ("page=0", "0", "1 to 50 of 101", false, true),
        ] {
            let table = table(page, 101);
            let pager = table.pager.as_ref().unwrap();
            assert_eq!((numbers(&table)[0], pager.summary.as_str()), (first, summary), "{page}");
            assert_eq!((pager.previous.is_some(), pager.next.is_some()), (previous, next), "{page}");
        }
    }

    #[test]
    fn a_cell_is_text_and_never_markup() {
        let rows = vec![vec![Cell::text("<script>").linked("/x?a=\"b")]];
        let page = Table::plain("Things", &["Name"], rows, "none").render().unwrap();
        assert!(!page.contains("<script>") && !page.contains("\"b\""), "{page}");
    }
}
