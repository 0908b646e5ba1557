//! "Did you mean": the known name that is most like an unknown one.

/// The name of `names` that is so like `name` that it is probably meant. Upper and lower case are the same.
pub(crate) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let lower: Vec<char> = name.to_lowercase().chars().collect();
    let limit = 1 + lower.len() / 4;
    names
        .into_iter()
        .map(|other| (distance(&lower, &other.to_lowercase().chars().collect::<Vec<char>>(), limit), other))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// As a hint: the nearest name, else all of them where they are few.
pub(crate) fn did_you_mean(name: &str, names: &[&str]) -> String {
    match nearest(name, names.iter().copied()) {
        Some(other) => format!("did you mean `{other}`?"),
        None if names.is_empty() => String::new(),
        None => format!("known: {}", list(names.iter().copied())),
    }
}

/// Names in backticks, with commas.
pub(crate) fn list<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// How many letters have to be added, left out, replaced or swapped with their neighbour to come from `a` to `b`.
fn distance(a: &[char], b: &[char], limit: usize) -> usize {
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let mut cost = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + usize::from(a[i - 1] != b[j - 1]));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                cost = cost.min(before[j - 2] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_similar_name_is_offered() {
        let names = ["succeeded", "succeededOrFailed", "failed", "eq", "ne"];
        for (name, expected) in [
            ("suceeded", Some("succeeded")),
            ("Failed", Some("failed")),
            ("eqq", Some("eq")),
            ("fialed", Some("failed")),
            ("succeededorfialed", Some("succeededOrFailed")),
            ("github", None),
        ] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
        assert_eq!(did_you_mean("github", &["eq", "ne"]), "known: `eq`, `ne`");
        assert_eq!(did_you_mean("github", &[]), "");
    }
}
