use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::Diagnostics;

/// The texts of all files that were read, by the names that places have.
#[derive(Debug, Default)]
pub(super) struct Sources(HashMap<String, Text>);

#[derive(Debug)]
struct Text {
    text: Arc<str>,
    /// Where each line begins and ends, in bytes.
    lines: Vec<(usize, usize)>,
}

impl Sources {
    /// Adds a file.
    pub(super) fn add(&mut self, name: &str, text: &str) {
        let start = text.as_ptr().addr();
        let lines = text.lines().map(|line| (line.as_ptr().addr() - start, line.as_ptr().addr() - start + line.len())).collect();
        self.0.insert(name.to_owned(), Text { text: text.into(), lines });
    }

    /// A line of a file, from 1.
    pub(super) fn line(&self, file: &str, number: usize) -> Option<&str> {
        let text = self.0.get(file)?;
        let (start, end) = *text.lines.get(number.checked_sub(1)?)?;
        text.text.get(start..end)
    }

    /// Gives the texts to problems, so that they can show lines.
    pub(super) fn attach(&self, problems: &mut Diagnostics) {
        for (name, text) in &self.0 {
            problems.add_source(name, Arc::clone(&text.text));
        }
    }
}
