//! Patterns as tasks and pipelines use them (minimatch): `*`, `?`, `**`, `[a-z]` and `{a,b}`.

/// Whether `text` matches `pattern`. `*` and `?` do not match `/`; a path segment `**` matches any number of segments.
pub(crate) fn matches(pattern: &str, text: &str, ignore_case: bool) -> bool {
    let (pattern, text) = if ignore_case { (pattern.to_lowercase(), text.to_lowercase()) } else { (pattern.to_owned(), text.to_owned()) };
    let segments: Vec<&str> = text.split('/').collect();
    alternatives(&pattern).iter().any(|pattern| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        match_segments(&pattern, &segments)
    })
}

/// `a{b,c}d` as `abd` and `acd`.
fn alternatives(pattern: &str) -> Vec<String> {
    let Some(open) = pattern.find('{') else { return vec![pattern.to_owned()] };
    let mut depth = 0usize;
    let mut parts = vec![String::new()];
    for (offset, character) in pattern[open..].char_indices() {
        match character {
            '{' if depth > 0 => depth += 1,
            '{' => {
                depth = 1;
                continue;
            }
            '}' if depth == 1 => {
                let (before, after) = (&pattern[..open], &pattern[open + offset + 1..]);
                if parts.len() == 1 {
                    // `{a}` is text.
                    return alternatives(after).iter().map(|after| format!("{before}{{{}}}{after}", parts[0])).collect();
                }
                return parts.iter().flat_map(|part| alternatives(&format!("{before}{part}{after}"))).collect();
            }
            '}' => depth -= 1,
            ',' if depth == 1 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    vec![pattern.to_owned()]
}

fn match_segments(pattern: &[&str], text: &[&str]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((&"**", rest)), _) => (0..=text.len()).any(|skipped| match_segments(rest, &text[skipped..])),
        (Some(_), None) => false,
        (Some((first, rest)), Some((segment, following))) => {
            let first: Vec<char> = first.chars().collect();
            let segment: Vec<char> = segment.chars().collect();
            match_segment(&first, &segment) && match_segments(rest, following)
        }
    }
}

fn match_segment(pattern: &[char], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('*', rest)) => (0..=text.len()).any(|skipped| match_segment(rest, &text[skipped..])),
        Some(('?', rest)) => !text.is_empty() && match_segment(rest, &text[1..]),
        Some(('[', rest)) if rest.contains(&']') => {
            let close = rest.iter().position(|character| *character == ']').unwrap_or_default();
            let Some((first, following)) = text.split_first() else { return false };
            in_class(&rest[..close], *first) && match_segment(&rest[close + 1..], following)
        }
        Some((literal, rest)) => text.first() == Some(literal) && match_segment(rest, &text[1..]),
    }
}

fn in_class(class: &[char], character: char) -> bool {
    let (negated, class) = match class.split_first() {
        Some(('!' | '^', rest)) => (true, rest),
        _ => (false, class),
    };
    let mut found = false;
    let mut index = 0;
    while index < class.len() {
        if index + 2 < class.len() && class[index + 1] == '-' {
            found |= (class[index]..=class[index + 2]).contains(&character);
            index += 3;
        } else {
            found |= class[index] == character;
            index += 1;
        }
    }
    found != negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("*", "a", true),
            ("*", "a/b", false),
            ("**", "a/b/c", true),
            ("**/*.txt", "a/b.txt", true),
            ("**/*.txt", "b.txt", true),
            ("a/**", "a/b/c", true),
            ("a/**/c", "a/c", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("{a,b*}.{x,y}", "bcd.y", true),
            ("{a,b}", "c", false),
            ("{a}", "{a}", true),
            ("ok", "OK", false),
        ] {
            assert_eq!(matches(pattern, text, false), expected, "{pattern} {text}");
        }
        assert!(matches("ok*", "OKAY", true));
    }
}
