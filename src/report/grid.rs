//! Columns of text that give way on a narrow terminal, and say so.

use std::fmt::Write as _;

use tabled::Table;
use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Padding, Style};

/// On which side a cell keeps its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    header: &'static str,
    align: Align,
    rank: u8,
}

impl Column {
    /// A column of text. Columns of a higher rank give way first; rank 0 stays.
    #[must_use]
    pub const fn text(header: &'static str, rank: u8) -> Self {
        Self { header, align: Align::Left, rank }
    }

    /// A column of numbers. Columns of a higher rank give way first; rank 0 stays.
    #[must_use]
    pub const fn number(header: &'static str, rank: u8) -> Self {
        Self { header, align: Align::Right, rank }
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
        Self { columns: columns.iter().map(|column| (*column, Vec::new())).collect(), rows: 0 }
    }

    /// Adds a row; a cell for each column, in their order.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows += 1;
        for ((_, column), cell) in self.columns.iter_mut().zip(cells) {
            column.push(cell);
        }
    }

    /// The table within a width in cells of a terminal; `None`: as wide as it wants to be.
    #[must_use]
    pub fn render(&self, width: Option<usize>) -> String {
        let mut shown: Vec<&(Column, Vec<String>)> = self.columns.iter().collect();
        let mut table = self.table(&shown);
        while width.is_some_and(|width| table.total_width() > width) {
            let Some(last) = shown.iter().map(|(column, _)| column.rank).max().filter(|rank| *rank > 0)
            else {
                break;
            };
            shown.retain(|(column, _)| column.rank < last);
            table = self.table(&shown);
        }
        let mut text = String::new();
        for line in table.to_string().lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        if shown.len() < self.columns.len() {
            let _ = writeln!(
                text,
                "({} of {} columns; widen the terminal or use --json)",
                shown.len(),
                self.columns.len()
            );
        }
        text
    }

    fn table(&self, shown: &[&(Column, Vec<String>)]) -> Table {
        let mut rows = Builder::with_capacity(self.rows + 1, shown.len());
        rows.push_record(shown.iter().map(|(column, _)| column.header));
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

    #[test]
    fn a_narrow_terminal_drops_columns_and_says_so() {
        assert_eq!(
            grid().render(Some(20)),
            " event  missing\n Lead         3\n 東京        12\n(2 of 3 columns; widen the terminal or use --json)\n"
        );
        assert_eq!(grid().render(Some(24)), grid().render(None));
        assert!(grid().render(Some(1)).contains("missing"), "rank 0 stays");
    }
}
