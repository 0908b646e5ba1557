//! The step in which a person is asked (facts/pipeline-yaml.md 2.11).

use super::inputs::Given;
use super::loader::Loader;
use crate::place::Place;

/// How long the instructions may be (facts/pipeline-yaml.md 2.11).
const MAX_INSTRUCTIONS: usize = 4000;

/// What `ManualValidation@1` needs beyond what a task.json says.
pub(super) fn check(given: &[Given<'_>], place: &Place, loader: &mut Loader<'_>) -> bool {
    let input = |name: &str| given.iter().find(|given| given.name.eq_ignore_ascii_case(name));
    let mut good = true;
    if input("notifyUsers").is_none() {
        let hint = "add `notifyUsers: ''` below `inputs:`, or the addresses of those who get a mail, one a line";
        loader.error(place, "the task `ManualValidation` needs the input `notifyUsers`, which may be empty", hint);
        good = false;
    }
    let words = ["reject", "resume"];
    if let Some(given) = input("onTimeout").filter(|given| !given.value.contains("$(") && !words.contains(&given.value)) {
        loader.error(
            given.place,
            format!("`onTimeout` of the task `ManualValidation` must be `reject` or `resume`, found `{}`", given.value),
            "",
        );
        good = false;
    }
    if let Some(given) = input("instructions").filter(|given| given.value.chars().count() > MAX_INSTRUCTIONS) {
        let count = given.value.chars().count();
        let message =
            format!("`instructions` of the task `ManualValidation` has {count} characters, at most {MAX_INSTRUCTIONS} are allowed");
        loader.error(given.place, message, "");
        good = false;
    }
    good
}
