use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_secret::SecretSink;

use crate::commands::task;
use crate::output::Output;
use crate::secret_forms::{self, MINIMUM_LENGTH};

/// The masker of a task: what makes every [`Secret`](slipway_secret::Secret) of it.
///
/// A registered value is told to the agent in all its forms (`secret_forms`), before the secret exists. The same forms
/// are replaced in whatever this process prints or writes for others to read, since the agent masks its log and nothing
/// else: not the files that it uploads.
pub struct Masker {
    output: Arc<Output>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the agent was told.
    told: HashSet<String>,
    /// What [`Masker::mask`] replaces, longest first.
    replaced: Vec<String>,
    short_values: usize,
    short_lines: usize,
}

impl Masker {
    pub(crate) fn new(output: Arc<Output>) -> Self {
        Self { output, state: Mutex::default() }
    }

    /// `text` with every registered form replaced by `***`.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let state = self.lock();
        let mut masked = Cow::Borrowed(text);
        for form in &state.replaced {
            if masked.contains(form.as_str()) {
                masked = Cow::Owned(masked.replace(form.as_str(), "***"));
            }
        }
        masked
    }

    /// Has `value` replaced in texts. For what the agent masks in its log by itself: it masks no file.
    pub(crate) fn know(&self, value: &str) {
        let mut state = self.lock();
        for form in secret_forms::of(value).for_text {
            if !state.replaced.contains(&form) {
                state.replaced.push(form);
            }
        }
        state.replaced.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// What could not be masked well, in words, once.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let mut state = self.lock();
        let mut remarks = Vec::new();
        let plural = |count: usize, one: &str, many: &str| if count == 1 { one.to_owned() } else { many.replace('N', &count.to_string()) };
        match std::mem::take(&mut state.short_values) {
            0 => {}
            count => remarks.push(format!(
                "{} shorter than {MINIMUM_LENGTH} characters: it is easily guessed, and masking it hides unrelated parts of the log.",
                plural(count, "A secret is", "N secrets are")
            )),
        }
        match std::mem::take(&mut state.short_lines) {
            0 => {}
            count => remarks.push(format!(
                "{} shorter than {MINIMUM_LENGTH} characters and not masked by {}: masking such text would shred the log.",
                plural(count, "One line of a secret is", "N lines of secrets are"),
                if count == 1 { "itself" } else { "themselves" },
            )),
        }
        remarks
    }

    /// Whether nobody uses it at this moment.
    pub(crate) fn is_free(&self) -> bool {
        self.state.try_lock().is_ok()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretSink for Masker {
    fn register(&self, value: &str) {
        if value.is_empty() {
            return;
        }
        let forms = secret_forms::of(value);
        let mut state = self.lock();
        let is_new = !state.told.contains(value) && !state.replaced.iter().any(|form| form == value);
        if is_new {
            state.short_lines += forms.short_lines;
            state.short_values += usize::from(forms.is_short);
        }
        for form in forms.for_agent {
            if !state.told.contains(&form) {
                self.output.command(&task::set_secret(&form));
                state.told.insert(form);
            }
        }
        for form in forms.for_text {
            if !state.replaced.contains(&form) {
                state.replaced.push(form);
            }
        }
        state.replaced.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Masker").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Capture;
    use crate::commands::Escaping;

    fn masker() -> (Masker, Capture) {
        let capture = Capture::default();
        (Masker::new(Arc::new(Output::new(Box::new(capture.clone()), Escaping::Percents))), capture)
    }

    #[test]
    fn a_value_is_told_to_the_agent_once() {
        let (masker, capture) = masker();
        masker.register("planted");
        let once = capture.text();
        assert!(once.contains("##vso[task.setsecret]planted\n"), "{once}");
        masker.register("planted");
        assert_eq!(capture.text(), once);
    }

    #[test]
    fn the_longest_form_is_replaced_first() {
        let (masker, _) = masker();
        masker.register("secret");
        masker.register("secret-longer");
        assert_eq!(masker.mask("a secret-longer and a secret"), "a *** and a ***");
        assert_eq!(masker.mask("nothing"), "nothing");
    }

    #[test]
    fn short_values_and_lines_are_reported_once() {
        let (masker, capture) = masker();
        masker.register("ab");
        masker.register("first line\n}\nlast line");
        masker.register("first line\n}\nlast line");
        assert!(capture.text().contains("##vso[task.setsecret]ab\n"));
        assert!(!capture.text().contains("##vso[task.setsecret]}\n"));
        insta::assert_snapshot!(masker.remarks().join("\n"), @"
        A secret is shorter than 4 characters: it is easily guessed, and masking it hides unrelated parts of the log.
        One line of a secret is shorter than 4 characters and not masked by itself: masking such text would shred the log.
        ");
        assert!(masker.remarks().is_empty());
        // Too short to be replaced in files without harm.
        assert_eq!(masker.mask("about"), "about");
    }

    #[test]
    fn a_known_value_is_replaced_and_told_to_the_agent_only_when_it_is_registered() {
        let (masker, capture) = masker();
        masker.know("planted");
        assert_eq!((masker.mask("a planted").as_ref(), capture.text().as_str()), ("a ***", ""));
        masker.register("planted");
        assert!(capture.text().contains("##vso[task.setsecret]planted\n"));
    }

    #[test]
    fn an_empty_value_is_ignored() {
        let (masker, capture) = masker();
        masker.register("");
        assert_eq!(capture.text(), "");
    }
}
