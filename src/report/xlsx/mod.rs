//! The audit as a workbook: six sheets, texts as texts, numbers as numbers, no formula at all.

mod sheets;

use chrono::NaiveDate;
use rust_xlsxwriter::{DocProperties, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::document::Report;

/// The longest text of a cell; Excel takes 32,767 characters.
const CELL_CHARS_MAX: usize = 30_000;

/// The height of a line of text, in points.
const LINE_POINTS: u32 = 15;
/// The lines of the highest row: Excel takes 409 points.
const LINES_MAX: usize = 27;
/// The ground of a header.
const HEAD_GROUND: u32 = 0x00E9_EDF1;

/// The report as a workbook.
#[must_use]
pub(super) fn xlsx(report: &Report) -> Vec<u8> {
    // In memory, with names, lengths and row counts inside Excel's limits, there is nothing to fail.
    build(report).unwrap_or_default()
}

fn build(report: &Report) -> Result<Vec<u8>, XlsxError> {
    let looks = Looks::new();
    let mut book = Workbook::new();
    // The same data gives the same bytes: the file carries no time of its making but this one.
    let made =
        NaiveDate::from_ymd_opt(2026, 1, 1).and_then(|day| day.and_hms_opt(0, 0, 0)).unwrap_or_default();
    book.set_properties(&DocProperties::new().set_title("Delivery audit").set_creation_datetime(&made));
    for fill in sheets::SHEETS.into_iter().chain(report.totals.is_some().then_some(sheets::TOTALS)) {
        fill(book.add_worksheet(), report, &looks)?;
    }
    book.save_to_buffer()
}

/// How cells look.
struct Looks {
    head: Format,
    text: Format,
    wrapped: Format,
    bold: Format,
    count: Format,
    share: Format,
    money: Format,
    day: Format,
    minute: Format,
}

impl Looks {
    fn new() -> Self {
        let top = || Format::new().set_align(FormatAlign::Top);
        Self {
            head: top()
                .set_bold()
                .set_text_wrap()
                .set_indent(1)
                .set_background_color(HEAD_GROUND)
                .set_border_bottom(FormatBorder::Thin),
            text: top().set_align(FormatAlign::Left).set_indent(1),
            wrapped: top().set_align(FormatAlign::Left).set_indent(1).set_text_wrap(),
            bold: top().set_align(FormatAlign::Left).set_indent(1).set_bold(),
            count: top().set_num_format("#,##0"),
            share: top().set_num_format("0.0%"),
            money: top().set_num_format("#,##0.00"),
            day: top().set_num_format("yyyy-mm-dd"),
            minute: top().set_num_format("yyyy-mm-dd hh:mm:ss"),
        }
    }
}

/// A sheet that is filled row by row.
struct Rows<'a> {
    sheet: &'a mut Worksheet,
    looks: &'a Looks,
    row: u32,
    column: u16,
}

impl<'a> Rows<'a> {
    /// Names the sheet, writes its header and sets the widths, in characters.
    fn new(
        sheet: &'a mut Worksheet,
        looks: &'a Looks,
        name: &str,
        columns: &[(&str, u8)],
    ) -> Result<Self, XlsxError> {
        sheet.set_name(name)?;
        let mut rows = Self { sheet, looks, row: 0, column: 0 };
        for (header, width) in columns {
            rows.sheet.set_column_width(rows.column, f64::from(*width))?;
            rows.cell(header, &looks.head)?;
        }
        rows.sheet.set_freeze_panes(1, 1)?;
        rows.sheet.set_landscape();
        rows.sheet.set_print_fit_to_pages(1, 0);
        rows.sheet.set_repeat_rows(0, 0)?;
        rows.next();
        Ok(rows)
    }

    const fn next(&mut self) {
        self.row += 1;
        self.column = 0;
    }

    /// A text stays a text, whatever it begins with.
    fn cell(&mut self, text: &str, look: &Format) -> Result<(), XlsxError> {
        let text: String = text.chars().take(CELL_CHARS_MAX).collect();
        self.sheet.write_string_with_format(self.row, self.column, text, look)?;
        self.column += 1;
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XlsxError> {
        self.cell(text, &self.looks.text)
    }

    fn number(&mut self, number: f64, look: &Format) -> Result<(), XlsxError> {
        self.sheet.write_number_with_format(self.row, self.column, number, look)?;
        self.column += 1;
        Ok(())
    }

    fn count(&mut self, n: u64) -> Result<(), XlsxError> {
        self.number(real(n), &self.looks.count)
    }

    /// A share; an empty cell where there is nothing to share.
    fn share(&mut self, part: u64, whole: u64) -> Result<(), XlsxError> {
        if whole == 0 {
            self.column += 1;
            return Ok(());
        }
        self.number(real(part) / real(whole), &self.looks.share)
    }

    /// Makes the row as high as its wrapped texts are in columns of their widths, in characters: not
    /// every program that opens a workbook does so by itself.
    fn height<'t>(&mut self, texts: impl Iterator<Item = (&'t String, usize)>) -> Result<(), XlsxError> {
        let lines = |(text, width): (&String, usize)| -> usize {
            // Words break lines before their end.
            let width = (width * 9 / 10).max(1);
            text.lines().map(|line| line.chars().count().div_ceil(width).max(1)).sum()
        };
        let lines = texts.map(lines).max().unwrap_or(1).clamp(1, LINES_MAX);
        let points = u32::try_from(lines).unwrap_or(1) * LINE_POINTS;
        self.sheet.set_row_height(self.row, points)?;
        Ok(())
    }

    /// A share, or the words that stand where there is none.
    fn share_or(&mut self, share: Option<(u64, u64)>, words: &str) -> Result<(), XlsxError> {
        match share {
            Some((part, whole)) => self.share(part, whole),
            None => self.text(words),
        }
    }

    /// A count; an empty cell where there is none.
    fn count_or_empty(&mut self, n: Option<u64>) -> Result<(), XlsxError> {
        if n.is_none() {
            self.column += 1;
        }
        n.map_or(Ok(()), |n| self.count(n))
    }

    /// Adds filters to the header; ends the sheet.
    fn filters(self, columns: usize) -> Result<(), XlsxError> {
        let last = u16::try_from(columns.saturating_sub(1)).unwrap_or(u16::MAX);
        self.sheet.autofilter(0, 0, self.row.saturating_sub(1), last)?;
        Ok(())
    }
}

/// A count as a spreadsheet keeps it: exact up to 2^53.
fn real(n: u64) -> f64 {
    let [low, high] = [n & 0xffff_ffff, n >> 32].map(|half| u32::try_from(half).unwrap_or(u32::MAX));
    f64::from(high).mul_add(4_294_967_296.0, f64::from(low))
}
