//! HTML under construction: the only way in is text, and text is escaped on the way.

use super::super::escape;

/// Attributes of an element: our own names, any values.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// Elements that end a line, so that two pages can be compared line by line.
const LINES: [&str; 5] = ["g", "li", "p", "table", "tr"];

/// HTML under construction.
///
/// Names of elements and attributes are the program's own words; texts and attribute values are
/// escaped as they come in. There is no way to put markup in, so no log can.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Begins the document.
    pub(super) fn doctype(&mut self) {
        self.0.push_str("<!doctype html>");
    }

    /// Adds text.
    pub(super) fn text(&mut self, text: &str) {
        let shown = escape(text);
        for c in shown.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
    }

    /// Adds an element with what `inside` puts into it.
    pub(super) fn tag(
        &mut self,
        name: &'static str,
        attributes: Attributes<'_>,
        inside: impl FnOnce(&mut Self),
    ) {
        self.begin(name, attributes);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        if LINES.contains(&name) {
            self.0.push('\n');
        }
    }

    /// Adds an element that holds nothing but text.
    pub(super) fn leaf(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.tag(name, attributes, |html| html.text(text));
    }

    /// Adds an element that has no end tag.
    pub(super) fn void(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.begin(name, attributes);
    }

    /// Adds a link to a part of the same page.
    pub(super) fn jump(&mut self, id: &'static str, text: &str) {
        self.leaf("a", &[("href", &format!("#{id}"))], text);
    }

    /// Adds our style sheet: CSS in a style element is not escaped, so it is no place for log text.
    pub(super) fn style(&mut self, css: &'static str) {
        self.0.push_str("<style>");
        self.0.push_str(css);
        self.0.push_str("</style>");
    }

    /// Adds a line end, so that two pages can be compared line by line.
    pub(super) fn line(&mut self) {
        self.0.push('\n');
    }

    /// The page.
    pub(super) fn finish(self) -> String {
        self.0
    }

    fn begin(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(name);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_04_no_text_becomes_markup() {
        let mut html = Html::default();
        for text in [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "' onmouseover='x",
            "]]>",
            "<!--",
            "&lt;",
            "\u{202e}x\u{0}\u{1b}",
        ] {
            html.leaf("td", &[("title", text)], text);
        }
        let page = html.finish();
        let inside: String = page.split("<td title=\"").flat_map(|cell| cell.split("</td>")).collect();
        assert!(!inside.contains(['<', '\'', '\u{202e}', '\0', '\u{1b}']), "{page}");
        assert_eq!(page.matches('"').count(), 2 * 7, "{page}");
        assert_eq!(page.matches('>').count(), 2 * 7, "{page}");
        assert!(page.contains("&amp;lt;"), "an entity of a log is shown as it was logged: {page}");
    }
}
