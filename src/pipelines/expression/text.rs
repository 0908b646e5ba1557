//! Texts as .NET compares them: ordinal, ignoring case by the invariant culture.

use std::cmp::Ordering;

/// The letter that stands for `c` where case does not count.
fn fold(c: char) -> char {
    // The invariant culture leaves the dotless i alone.
    if c.is_ascii() || c == 'ı' {
        return c.to_ascii_uppercase();
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// The text that stands for `text` where case does not count.
pub(super) fn key(text: &str) -> String {
    text.chars().map(fold).collect()
}

pub(super) fn upper(text: &str) -> String {
    key(text)
}

pub(super) fn lower(text: &str) -> String {
    let lower = |c: char| {
        let mut lower = c.to_lowercase();
        match (lower.next(), lower.next()) {
            (Some(one), None) => one,
            _ => c,
        }
    };
    text.chars().map(lower).collect()
}

pub(super) fn equal(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.chars().map(fold).eq(b.chars().map(fold))
}

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    key(a).encode_utf16().cmp(key(b).encode_utf16())
}

/// Length in UTF-16 units.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Every occurrence of `old`, in any case, replaced by `new`. `old` is not empty. `None` when more than `limit` bytes come of it.
pub(super) fn replace(text: &str, old: &str, new: &str, limit: usize) -> Option<String> {
    let old: Vec<char> = old.chars().map(fold).collect();
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < letters.len() {
        let end = at + old.len();
        if end <= letters.len() && letters[at..end].iter().map(|c| fold(*c)).eq(old.iter().copied()) {
            out.push_str(new);
            at = end;
        } else {
            out.push(letters[at]);
            at += 1;
        }
        if out.len() > limit {
            return None;
        }
    }
    Some(out)
}

/// `length` UTF-16 units from `start`, or all that follow. `None` when the text has no such part.
pub(super) fn substring(text: &str, start: usize, length: Option<usize>) -> Option<String> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let end = match length {
        Some(length) => start.checked_add(length)?,
        None => units.len(),
    };
    Some(String::from_utf16_lossy(units.get(start..end)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_count() {
        assert!(equal("Straße Ä", "STRAßE ä"));
        assert!(!equal("ß", "SS"));
        assert!(!equal("ı", "I"));
        assert_eq!(compare("a", "B"), Ordering::Less);
        assert_eq!(compare("_", "a"), Ordering::Greater, "`_` comes after upper-case letters");
        assert_eq!(compare("\u{ffff}", "😀"), Ordering::Greater, "by UTF-16 units");
        assert_eq!(replace("aXbxc", "x", "--", 7).as_deref(), Some("a--b--c"));
        assert_eq!(replace("aXbxc", "x", "--", 6), None);
        assert_eq!(replace("aaa", "aa", "b", 9).as_deref(), Some("ba"));
        assert_eq!(substring("a😀b", 1, Some(2)).as_deref(), Some("😀"));
        assert_eq!(substring("abc", 1, None).as_deref(), Some("bc"));
        assert_eq!(substring("abc", 3, Some(0)).as_deref(), Some(""));
        assert_eq!(substring("abc", 2, Some(2)), None);
        assert_eq!(length("a😀"), 3);
        assert_eq!((lower("ÄB"), upper("äb")), ("äb".into(), "ÄB".into()));
    }
}
