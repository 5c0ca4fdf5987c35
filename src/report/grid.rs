//! Columns of text that give way on a narrow terminal, and say so; records on a very narrow one.

use std::borrow::Cow;
use std::fmt::Write as _;

use tabled::Table;
use tabled::builder::Builder;
use tabled::grid::util::string::get_line_width;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Padding, Style};

use super::words::wrap;

/// On a terminal narrower than this, what does not fit is told as records: columns that can be dropped
/// without a loss are few.
pub(super) const RECORDS_UNDER: usize = 60;

/// On which side a cell keeps its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    header: Cow<'static, str>,
    align: Align,
    rank: u8,
}

impl Column {
    /// A column of text. Columns of a higher rank give way first; rank 0 stays.
    #[must_use]
    pub const fn text(header: &'static str, rank: u8) -> Self {
        Self { header: Cow::Borrowed(header), align: Align::Left, rank }
    }

    /// A column of numbers. Columns of a higher rank give way first; rank 0 stays.
    #[must_use]
    pub const fn number(header: &'static str, rank: u8) -> Self {
        Self { header: Cow::Borrowed(header), align: Align::Right, rank }
    }
}

impl Column {
    /// A column that stays and whose name is not ours; already escaped.
    #[must_use]
    pub const fn named(header: String, align: Align) -> Self {
        Self { header: Cow::Owned(header), align, rank: 0 }
    }
}

/// A table: columns and rows of cells that are already escaped.
#[derive(Clone, Debug)]
pub struct Grid {
    columns: Vec<(Column, Vec<String>)>,
    rows: usize,
}

impl Grid {
    /// A table without rows.
    #[must_use]
    pub fn new(columns: &[Column]) -> Self {
        Self { columns: columns.iter().map(|column| (column.clone(), Vec::new())).collect(), rows: 0 }
    }

    /// Adds a row; a cell for each column, in their order.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows += 1;
        for ((_, column), cell) in self.columns.iter_mut().zip(cells) {
            column.push(cell);
        }
    }

    /// Whether all columns fit into a width.
    #[must_use]
    pub fn fits(&self, width: Option<usize>) -> bool {
        width.is_none_or(|width| self.table(&self.whole()).total_width() <= width)
    }

    /// The table within a width in cells of a terminal; `None`: as wide as it wants to be.
    #[must_use]
    pub fn render(&self, width: Option<usize>) -> String {
        let Some(width) = width.filter(|_| !self.fits(width)) else {
            return lines(&self.table(&self.whole()));
        };
        let kept = if width >= RECORDS_UNDER { self.columns_that_fit(width) } else { None };
        kept.unwrap_or_else(|| self.records(width))
    }

    /// The same in columns at any width: for a picture whose height is limited too.
    #[must_use]
    pub fn render_columns(&self, width: Option<usize>) -> String {
        let kept = width.filter(|_| !self.fits(width)).and_then(|width| self.columns_that_fit(width));
        kept.unwrap_or_else(|| lines(&self.table(&self.whole())))
    }

    /// Without the columns that do not fit, and how many those are; `None`: what must stay is too wide.
    fn columns_that_fit(&self, width: usize) -> Option<String> {
        let mut shown = self.whole();
        loop {
            let last = shown.iter().map(|(column, _)| column.rank).max().filter(|rank| *rank > 0)?;
            shown.retain(|(column, _)| column.rank < last);
            let table = self.table(&shown);
            if table.total_width() <= width {
                let (kept, all) = (shown.len(), self.columns.len());
                let note = format!("({kept} of {all} columns; widen the terminal or use --json)");
                return Some(lines(&table) + &wrap(&note, 1, Some(width)));
            }
        }
    }

    fn whole(&self) -> Vec<&(Column, Vec<String>)> {
        self.columns.iter().collect()
    }

    /// A line per value, a blank line between rows; nothing is left out but what is empty.
    fn records(&self, width: usize) -> String {
        let widest = self.columns.iter().map(|(column, _)| get_line_width(&column.header)).max().unwrap_or(0);
        let mut text = String::new();
        for row in 0..self.rows {
            if row > 0 {
                text.push('\n');
            }
            for (column, cells) in &self.columns {
                let cell = cells.get(row).map_or("", String::as_str);
                if cell.is_empty() {
                    continue;
                }
                if column.header.is_empty() && (text.is_empty() || text.ends_with("\n\n")) {
                    // What has no name and comes first is the record's own.
                    let _ = writeln!(text, " {cell}");
                    continue;
                }
                let fill = " ".repeat(widest.saturating_sub(get_line_width(&column.header)));
                let longest = cell.split(' ').map(get_line_width).max().unwrap_or(0);
                let indent = widest + 3;
                if indent + longest <= width {
                    text.push_str(&wrap(&format!(" {}{fill}  {cell}", column.header), indent, Some(width)));
                } else {
                    // An id is copied: it stands in one piece, on a line of its own.
                    let _ = writeln!(text, " {}", column.header);
                    text.push_str(&wrap(&format!("  {cell}"), 2, Some(width)));
                }
            }
        }
        text
    }

    fn table(&self, shown: &[&(Column, Vec<String>)]) -> Table {
        let mut rows = Builder::with_capacity(self.rows + 1, shown.len());
        rows.push_record(shown.iter().map(|(column, _)| column.header.as_ref()));
        for row in 0..self.rows {
            rows.push_record(
                shown.iter().map(|(_, cells)| cells.get(row).map(String::as_str).unwrap_or_default()),
            );
        }
        let mut table = rows.build();
        table.with(Style::empty()).with(Padding::new(2, 0, 0, 0));
        table.modify(Columns::first(), Padding::new(1, 0, 0, 0));
        for (place, (column, _)) in shown.iter().enumerate() {
            match column.align {
                Align::Left => table.modify(Columns::one(place), Alignment::left()),
                Align::Right => table.modify(Columns::one(place), Alignment::right()),
            };
        }
        table
    }
}

fn lines(table: &Table) -> String {
    let mut text = String::new();
    for line in table.to_string().lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let mut grid =
            Grid::new(&[Column::text("event", 0), Column::number("logged", 2), Column::number("missing", 0)]);
        grid.row(["Lead".to_owned(), "1,210".to_owned(), "3".to_owned()]);
        grid.row(["東京".to_owned(), "9".to_owned(), "12".to_owned()]);
        grid
    }

    #[test]
    fn cells_line_up_by_the_width_they_are_shown_in() {
        assert_eq!(
            grid().render(None),
            " event  logged  missing\n Lead    1,210        3\n 東京        9       12\n"
        );
    }

    fn wide() -> Grid {
        let mut grid = Grid::new(&[
            Column::text("event", 0),
            Column::text("where it stands", 2),
            Column::text("why", 1),
            Column::number("missing", 0),
        ]);
        let id = "530e0e61-18e9-485e-a8bf-f9ea304d9f96";
        grid.row([id.to_owned(), "x".repeat(20), "two words".to_owned(), "\u{1b}[31m3\u{1b}[0m".to_owned()]);
        grid.row(["Lead".to_owned(), String::new(), String::new(), "12".to_owned()]);
        grid
    }

    #[test]
    fn a_narrow_terminal_drops_columns_and_says_so() {
        let text = wide().render(Some(60));
        assert!(text.starts_with(" event                                 why        missing\n"), "{text}");
        assert!(text.ends_with("(3 of 4 columns; widen the terminal or use --json)\n"), "{text}");
        assert_eq!(wide().render(Some(79)), wide().render(None));
        assert!(wide().fits(Some(79)) && !wide().fits(Some(78)));
    }

    #[test]
    fn a_very_narrow_terminal_gets_records_and_ids_in_one_piece() {
        assert_eq!(
            wide().render(Some(40)),
            " event\n  530e0e61-18e9-485e-a8bf-f9ea304d9f96\n where it stands  xxxxxxxxxxxxxxxxxxxx\n \
             why              two words\n missing          \u{1b}[31m3\u{1b}[0m\n\n event            \
             Lead\n missing          12\n"
        );
        assert_eq!(grid().render(Some(30)), grid().render(None), "what fits stays a table");
    }
}
