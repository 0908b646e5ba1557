//! Text for people: styled lines, and the cleaning of text that others wrote (logs, messages, file names), so that it can
//! neither move the cursor, nor rename the window, nor hide what it says.

use std::fmt;

/// What a piece of text is, for whoever colours it. Every line is understandable without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// As it is.
    Plain,
    /// A title.
    Strong,
    /// Of less interest.
    Faint,
    /// It went well.
    Good,
    /// It went well, with remarks.
    Remark,
    /// It went wrong.
    Bad,
}

/// A line of output, cleaned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line(Vec<(Style, String)>);

impl Line {
    /// An empty line.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A line of one plain piece.
    pub(crate) fn plain(text: impl AsRef<str>) -> Self {
        Self::new().with(Style::Plain, text)
    }

    /// Adds a piece.
    #[must_use]
    pub(crate) fn with(mut self, style: Style, text: impl AsRef<str>) -> Self {
        self.0.push((style, clean(text.as_ref())));
        self
    }

    /// The pieces.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (Style, &str)> {
        self.0.iter().map(|(style, text)| (*style, text.as_str()))
    }

    /// The line, cut to `width` columns.
    #[must_use]
    pub(crate) fn cut(&self, width: usize) -> Self {
        let total: usize = self.0.iter().map(|(_, text)| console::measure_text_width(text)).sum();
        if total <= width {
            return self.clone();
        }
        let mut left = width.saturating_sub(1);
        let mut cut = Vec::new();
        for (style, text) in &self.0 {
            let piece = console::truncate_str(text, left, "").into_owned();
            left -= console::measure_text_width(&piece).min(left);
            cut.push((*style, piece));
            if left == 0 {
                break;
            }
        }
        cut.push((Style::Faint, "…".to_owned()));
        Self(cut)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(_, text)| f.write_str(text))
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::plain(text)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::plain(text)
    }
}

/// `text` on one line without anything that a terminal obeys: escape sequences are removed, tabs become spaces, other
/// control characters and the marks that change the direction of text are shown as `\u{..}`.
pub(crate) fn clean(text: &str) -> String {
    let text = console::strip_ansi_codes(text);
    if !text.chars().any(|c| c == '\t' || is_control(c)) {
        return text.into_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            c if is_control(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_cannot_command_the_terminal() {
        for (text, expected) in [
            ("plain text, é, 日本", "plain text, é, 日本"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[2J\u{1b}[Hgone", "gone"),
            ("a\tb", "a    b"),
            ("bell\u{7}", "bell\\u{7}"),
            ("back\u{8}", "back\\u{8}"),
            ("over\rwritten", "over\\u{d}written"),
            ("two\nlines", "two\\u{a}lines"),
            ("c1 \u{85}", "c1 \\u{85}"),
            ("turned \u{202e}txet", "turned \\u{202e}txet"),
        ] {
            assert_eq!(clean(text), expected, "{text:?}");
        }
        // A sequence that is never closed, and one that sets the window's title: no escape character survives.
        for text in ["\u{1b}]0;title\u{7}", "\u{1b}]0;title", "\u{1b}", "\u{1b}Pq", "\u{9b}31m"] {
            assert!(!clean(text).chars().any(char::is_control), "{text:?} became {:?}", clean(text));
        }
    }

    #[test]
    fn a_cut_line_keeps_its_width_in_columns() {
        let line = Line::plain("ab").with(Style::Good, "日本語");
        assert_eq!(line.cut(8).to_string(), "ab日本語");
        assert_eq!(line.cut(7).to_string(), "ab日本…");
        assert_eq!(line.cut(6).to_string(), "ab日…");
        assert_eq!(line.cut(1).to_string(), "…");
    }
}
