//! "Did you mean": the nearest of some names.

/// The one of `candidates` that `text` most likely means, ignoring case: at most a third of it differs.
pub(crate) fn of<'a>(text: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let (distance, candidate) = candidates
        .iter()
        .map(|candidate| (distance(&text, &candidate.to_lowercase().chars().collect::<Vec<_>>()), *candidate))
        .min_by_key(|(distance, _)| *distance)?;
    let length = candidate.chars().count();
    (distance <= length / 3).then_some(candidate)
}

/// Edits (insert, remove, replace, swap of neighbours) between two words.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for (index, character) in left.iter().enumerate() {
        let mut row = vec![index + 1];
        for (other, expected) in right.iter().enumerate() {
            let replaced = rows[index][other] + usize::from(character != expected);
            let mut least = replaced.min(rows[index][other + 1] + 1).min(row[other] + 1);
            if index > 0 && other > 0 && *character == right[other - 1] && left[index - 1] == *expected {
                least = least.min(rows[index - 1][other - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let names = ["keyVaultName", "secrets", "dryRun"];
        assert_eq!(of("KEYVAULT", &names), Some("keyVaultName"));
        assert_eq!(of("secret", &names), Some("secrets"));
        assert_eq!(of("DRYRNU", &names), Some("dryRun"));
        assert_eq!(of("nothing like it", &names), None);
        assert_eq!(of("x", &[]), None);
        assert_eq!(of("c", &["a", "b"]), None);
    }
}
