//! Text as Markdown: values come from users and from services, and are shown as what they are.

/// Escapes what Markdown would read as markup. One line: a line break becomes a space.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in one_line(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '>' | '#' | '+' | '!' | '|' | '~' | '$' | '@' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A value as code, fit for a table's cell. Empty for an empty value.
pub(crate) fn code(text: &str) -> String {
    let text = one_line(text).replace('`', "'").replace('|', "\\|");
    if text.is_empty() { text } else { format!("`{text}`") }
}

/// A message, whose literal values are between backticks: these stay code, all else is escaped.
pub(crate) fn prose(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A backtick without its partner: then none of them means anything.
        return escape(text);
    }
    parts.iter().enumerate().map(|(at, part)| if at % 2 == 0 { escape(part) } else { code(part) }).collect()
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_values_stays_text() {
        assert_eq!(escape("<b>*x*_y_[z](u)|\nline"), r"&lt;b\>\*x\*\_y\_\[z\]\(u\)\| line");
        assert_eq!(code("a|b`c"), r"`a\|b'c`");
        assert_eq!(code(""), "");
    }

    #[test]
    fn the_literals_of_a_message_stay_code() {
        assert_eq!(prose("The vault `shop_kv` has *no* secret `a|b`."), r"The vault `shop_kv` has \*no\* secret `a\|b`.");
        assert_eq!(prose("one ` alone"), r"one \` alone");
    }
}
