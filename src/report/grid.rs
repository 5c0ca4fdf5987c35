//! Columns of text that give way on a narrow terminal, and say so.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

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

/// Spaces between columns.
const GAP: usize = 2;

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
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows += 1;
        for ((_, column), cell) in self.columns.iter_mut().zip(cells) {
            column.push(cell);
        }
    }

    /// The table within a width in cells of a terminal; `None`: as wide as it wants to be.
    #[must_use]
    pub fn render(&self, width: Option<usize>) -> String {
        let mut shown: Vec<(&Column, &Vec<String>, usize)> = self
            .columns
            .iter()
            .map(|(column, cells)| {
                let widest = cells.iter().map(|cell| cell.width()).max().unwrap_or(0);
                (column, cells, widest.max(column.header.width()))
            })
            .collect();
        while width.is_some_and(|width| width_of(&shown) > width) {
            let Some(last) = shown.iter().map(|(column, ..)| column.rank).max().filter(|rank| *rank > 0)
            else {
                break;
            };
            shown.retain(|(column, ..)| column.rank < last);
        }
        let mut text = String::new();
        write_line(&mut text, shown.iter().map(|(column, _, wide)| (*column, column.header, *wide)));
        for row in 0..self.rows {
            let cells = shown.iter().map(|(column, cells, wide)| {
                (*column, cells.get(row).map(String::as_str).unwrap_or_default(), *wide)
            });
            write_line(&mut text, cells);
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
}

fn width_of(shown: &[(&Column, &Vec<String>, usize)]) -> usize {
    shown.iter().map(|(_, _, wide)| wide + GAP).sum::<usize>().saturating_sub(1)
}

fn write_line<'a>(text: &mut String, cells: impl Iterator<Item = (&'a Column, &'a str, usize)>) {
    let mut line = String::new();
    for (column, cell, wide) in cells {
        line.push_str(if line.is_empty() { " " } else { "  " });
        let fill = " ".repeat(wide.saturating_sub(cell.width()));
        match column.align {
            Align::Left => {
                line.push_str(cell);
                line.push_str(&fill);
            }
            Align::Right => {
                line.push_str(&fill);
                line.push_str(cell);
            }
        }
    }
    text.push_str(line.trim_end());
    text.push('\n');
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
