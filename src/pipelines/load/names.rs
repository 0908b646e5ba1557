//! Reference names of stages, jobs and steps (facts/pipeline-yaml.md 2.2 and 2.7).

use std::collections::HashSet;

use super::loader::Loader;
use crate::place::Place;

/// Longest name.
const MAX_LENGTH: usize = 100;

/// Reports a name that is not allowed.
pub(super) fn check(name: &str, what: &str, place: &Place, loader: &mut Loader<'_>) {
    let allowed = |(position, c): (usize, char)| c.is_ascii_alphabetic() || c == '_' || (position > 0 && c.is_ascii_digit());
    if !name.chars().enumerate().all(allowed) {
        let proposal: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let proposal = if proposal.starts_with(|c: char| c.is_ascii_digit()) { format!("_{proposal}") } else { proposal };
        loader.error(
            place,
            format!("the name of {what} may have only letters, digits and `_`, and no digit first: `{name}`"),
            format!("name it `{proposal}`; what people read is `displayName`"),
        );
    } else if name.chars().count() > MAX_LENGTH {
        loader.error(place, format!("the name of {what} has {} characters, at most {MAX_LENGTH} are allowed", name.chars().count()), "");
    }
}

/// Names that are taken; upper and lower case are the same.
#[derive(Default)]
pub(super) struct Taken(HashSet<String>);

impl Taken {
    /// Takes a name; false when it is taken.
    pub(super) fn take(&mut self, name: &str) -> bool {
        self.0.insert(name.to_ascii_lowercase())
    }

    /// Takes a name that was written; one that is taken already is reported.
    pub(super) fn take_or_report(&mut self, name: &str, what: &str, place: &Place, loader: &mut Loader<'_>) {
        if !self.take(name) {
            loader.error(
                place,
                format!("there is already {what} with the name `{name}`"),
                "names are unique; upper and lower case are the same",
            );
        }
    }
}

/// Names for those that have none: each base by itself where it occurs once and is free, else with the next free number.
pub(super) fn generate(bases: &[Option<&str>], taken: &mut Taken) -> Vec<Option<String>> {
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    let mut positions = std::collections::HashMap::new();
    for (index, base) in bases.iter().enumerate() {
        if let Some(base) = base {
            let group = *positions.entry(*base).or_insert_with(|| {
                groups.push((base, Vec::new()));
                groups.len() - 1
            });
            groups[group].1.push(index);
        }
    }
    let mut names = vec![None; bases.len()];
    for (base, members) in groups {
        if let [only] = members.as_slice()
            && taken.take(base)
        {
            names[*only] = Some(base.to_owned());
            continue;
        }
        let mut number = 0;
        for member in members {
            names[member] = Some(numbered(base, &mut number, taken));
        }
    }
    names
}

/// The next free name with a number after it.
pub(super) fn numbered(base: &str, number: &mut usize, taken: &mut Taken) -> String {
    loop {
        *number += 1;
        let name = format!("{base}{number}");
        if taken.take(&name) {
            return name;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_without_a_name_get_that_of_their_task() {
        // facts/pipeline-yaml.md 2.7, "Default names"
        let mut taken = Taken::default();
        taken.take("bash2");
        taken.take("Checkout");
        let names = generate(&[Some("CmdLine"), Some("Bash"), None, Some("Bash"), Some("Bash"), Some("Checkout")], &mut taken);
        let names: Vec<&str> = names.iter().map(|name| name.as_deref().unwrap_or("-")).collect();
        assert_eq!(names, ["CmdLine", "Bash1", "-", "Bash3", "Bash4", "Checkout1"]);
    }
}
