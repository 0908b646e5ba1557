//! Untrusted text on its way to the log: it can neither start a line of its own nor a command of the agent.
//!
//! The agent looks for `##vso[` anywhere in a line and splits lines at CR, LF and CRLF; the log viewer looks for
//! `##[` (facts/azure-pipelines-tasks.md 6.6). Characters that a culture-aware comparison skips (zero-width characters,
//! controls) do not protect the tag from being found, so they do not protect it from being broken here either.

use std::borrow::Cow;

/// The lines of `text`, split as the agent splits them, each without tags. A trailing line break adds no empty line.
pub fn lines(text: &str) -> Vec<Cow<'_, str>> {
    split(text).into_iter().map(line).collect()
}

/// `text` in one line: line breaks become blanks.
pub fn single_line(text: &str) -> String {
    lines(text).iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `text` with its lines, but without tags: for places that may have several lines (issues, whose text is escaped).
pub fn multi_line(text: &str) -> String {
    lines(text).join("\n")
}

/// Splits at CR, LF and CRLF.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\r', '\n']) {
        found.push(&rest[..at]);
        let end = if rest[at..].starts_with("\r\n") { at + 2 } else { at + 1 };
        rest = &rest[end..];
    }
    if !rest.is_empty() || found.is_empty() {
        found.push(rest);
    }
    found
}

/// Replaces the `##` of every tag by `**`, as the agent's own code does.
fn line(line: &str) -> Cow<'_, str> {
    if !line.contains('#') {
        return Cow::Borrowed(line);
    }
    let mut characters: Vec<char> = line.chars().collect();
    let mut changed = false;
    for at in 0..characters.len() {
        if let Some(second) = tag_at(&characters, at) {
            characters[at] = '*';
            characters[second] = '*';
            changed = true;
        }
    }
    if changed { Cow::Owned(characters.into_iter().collect()) } else { Cow::Borrowed(line) }
}

/// If a tag starts at `at`: where its second `#` is.
fn tag_at(characters: &[char], at: usize) -> Option<usize> {
    if characters[at] != '#' {
        return None;
    }
    let mut significant = (at + 1..characters.len()).filter(|&index| !is_ignorable(characters[index]));
    let second = significant.next().filter(|&index| characters[index] == '#')?;
    let mut next = || significant.next().map(|index| characters[index].to_ascii_lowercase());
    match next()? {
        '[' => Some(second),
        'v' if next() == Some('s') && next() == Some('o') => Some(second),
        _ => None,
    }
}

/// Characters that comparisons by the rules of a culture skip.
fn is_ignorable(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_broken_wherever_they_are() {
        for (text, expected) in [
            ("##vso[task.complete result=Succeeded]", "**vso[task.complete result=Succeeded]"),
            ("before ##VSO[x]", "before **VSO[x]"),
            ("##[error]x", "**[error]x"),
            ("###[group]", "#**[group]"),
            ("##vso without a bracket", "**vso without a bracket"),
            ("a ##vso[x] b ##[y]", "a **vso[x] b **[y]"),
            ("#\u{200b}#vso[x]", "*\u{200b}*vso[x]"),
            ("##\u{200d}v\u{0}so[x]", "**\u{200d}v\u{0}so[x]"),
            ("##\u{feff}[x]", "**\u{feff}[x]"),
            ("## heading", "## heading"),
            ("#[derive(Debug)]", "#[derive(Debug)]"),
            ("no tag", "no tag"),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn lines_are_split_as_the_agent_splits_them() {
        assert_eq!(lines("a\rb\nc\r\nd"), ["a", "b", "c", "d"]);
        assert_eq!(lines("a\n"), ["a"]);
        assert_eq!(lines("\n\n"), ["", ""]);
        assert_eq!(lines(""), [""]);
        assert_eq!(lines("x\r##vso[task.setvariable variable=a]b"), ["x", "**vso[task.setvariable variable=a]b"]);
    }

    #[test]
    fn a_tag_put_together_from_two_lines_is_broken_in_one() {
        assert_eq!(single_line("a\r\n\r\n  b\n"), "a b");
        // Joining puts a blank between the parts, so nothing new can arise.
        assert_eq!(single_line("##\nvso[x]"), "## vso[x]");
    }
}
