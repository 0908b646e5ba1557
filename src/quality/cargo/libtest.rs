//! What a test program of Rust's own harness prints, as a machine reads it: the stable output is made for people, and
//! tests may print anything between its lines. So the names are listed first, and only listed names count.

use std::path::Path;

use crate::workspace::relative;
use crate::{Place, TestCase, TestOutcome, Workspace};

/// Of what a failed test printed, so much is kept.
const KEPT: usize = 64 * 1024;

/// What is said of a test that was running when the time was up.
pub(super) const STILL_RAN: &str = "still ran when the time of the check was up";

/// Reads the output of one program.
pub(super) struct Libtest {
    /// The names are known; else any name is one.
    listed: bool,
    cases: Vec<Case>,
    state: State,
    /// The test whose name was printed before it ran (one thread), and not yet its result.
    pending: Option<usize>,
    /// A `test result:` line was read, and nothing since that runs further tests.
    summed: bool,
}

struct Case {
    name: String,
    outcome: Option<TestOutcome>,
    message: Option<String>,
    output: String,
    slow: bool,
}

#[derive(Clone, Copy)]
enum State {
    /// Results come, a line each.
    Running,
    /// What failed tests printed comes: of this one.
    Blocks(Option<usize>),
    /// The names of failed tests come.
    Names,
}

/// Why a program did not run its tests to the end.
pub(super) struct Broken {
    /// For the tests that were running.
    pub(super) outcome: TestOutcome,
    /// Why, in words.
    pub(super) reason: String,
}

impl Libtest {
    /// For a program whose tests are `names`, of which `ignored` do not run.
    pub(super) fn listed(names: &[String], ignored: &[String]) -> Self {
        let mut new = Self::unlisted();
        new.listed = true;
        new.cases = names.iter().map(|name| Case::new(name)).collect();
        for case in new.cases.iter_mut().filter(|case| ignored.contains(&case.name)) {
            case.outcome = Some(TestOutcome::Skipped);
            case.message = Some("ignored".into());
        }
        new
    }

    /// For a program that cannot list its tests.
    pub(super) fn unlisted() -> Self {
        Self { listed: false, cases: Vec::new(), state: State::Running, pending: None, summed: false }
    }

    /// Takes a line of standard output.
    pub(super) fn line(&mut self, line: &str) {
        if let Some(sum) = line.strip_prefix("test result: ").filter(|_| line.contains(" passed; ")) {
            // Failed tests are those of the list before this line; whatever was printed of others in between is not true.
            if sum.starts_with("ok.") {
                for case in self.cases.iter_mut().filter(|case| case.outcome == Some(TestOutcome::Failed) && case.output.is_empty()) {
                    case.outcome = Some(TestOutcome::Passed);
                }
            }
            (self.state, self.pending, self.summed) = (State::Running, None, true);
            return;
        }
        match self.state {
            State::Running => self.running(line),
            State::Blocks(current) => {
                if self.listed && self.result(line) {
                    self.state = State::Running;
                } else {
                    self.block(current, line);
                }
            }
            State::Names => self.name(line),
        }
    }

    fn running(&mut self, line: &str) {
        if line == "failures:" {
            self.state = State::Blocks(None);
        } else if line.starts_with("running ") && line.ends_with([' ', 's', 't']) && line.contains(" test") {
            self.summed = false;
        } else if !self.result(line)
            && let Some(current) = self.pending
            && let Some((outcome, message)) = status(line)
        {
            self.end(current, outcome, message);
        }
    }

    /// Reads a result, wherever in the line it starts. Whether it was one.
    fn result(&mut self, line: &str) -> bool {
        for (start, _) in line.match_indices("test ") {
            let rest = &line[start + "test ".len()..];
            if let Some(name) = rest.strip_suffix(" has been running for over 60 seconds") {
                if let Some(index) = self.find(name, false) {
                    self.cases[index].slow = true;
                    return true;
                }
                continue;
            }
            let Some((name, after)) = rest.split_once(" ... ").or_else(|| Some((rest.strip_suffix(" ...")?, ""))) else { continue };
            let status = status(after);
            let Some(index) = self.find(name, start == 0 && status.is_some()) else { continue };
            match status {
                Some((outcome, message)) => self.end(index, outcome, message),
                None => self.pending = Some(index),
            }
            return true;
        }
        false
    }

    /// The open case of that name as it is printed; made if names are not listed and `make`.
    fn find(&mut self, printed: &str, make: bool) -> Option<usize> {
        let printed = printed.trim_end();
        let name = if self.listed { printed.strip_suffix(" - should panic").unwrap_or(printed) } else { printed };
        let found = self.cases.iter().position(|case| case.name == name);
        if found.is_none() && make && !self.listed {
            self.cases.push(Case::new(name));
            return Some(self.cases.len() - 1);
        }
        found.filter(|&index| matches!(self.cases[index].outcome, None | Some(TestOutcome::Skipped)))
    }

    fn end(&mut self, index: usize, outcome: TestOutcome, message: Option<String>) {
        let case = &mut self.cases[index];
        case.outcome = Some(outcome);
        case.message = message.or(case.message.take());
        self.pending = self.pending.filter(|&pending| pending != index);
    }

    fn block(&mut self, current: Option<usize>, line: &str) {
        if line == "failures:" {
            self.state = State::Names;
            return;
        }
        let header = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----"));
        let named = header.and_then(|name| self.cases.iter().position(|case| case.name == name && case.output.is_empty()));
        match (named, current) {
            (Some(index), _) => self.state = State::Blocks(Some(index)),
            (None, Some(index)) => self.cases[index].keep(line),
            (None, None) => {}
        }
    }

    fn name(&mut self, line: &str) {
        let named = line.strip_prefix("    ").and_then(|name| self.cases.iter().position(|case| case.name == name));
        match named {
            Some(index) => self.cases[index].outcome = Some(TestOutcome::Failed),
            None if line.is_empty() => {}
            // A test had printed the word; what it printed further is its own.
            None => self.state = State::Blocks(self.cases.iter().rposition(|case| !case.output.is_empty())),
        }
    }

    /// Whether the program said that all its tests are over.
    pub(super) fn complete(&self) -> bool {
        self.summed
    }

    /// The tests. `broken` says why the program did not run to its end; `threads` tests run at a time.
    pub(super) fn finish(mut self, broken: Option<&Broken>, threads: usize, workspace: &Workspace) -> Vec<TestCase> {
        let open: Vec<_> = (0..self.cases.len()).filter(|&index| self.cases[index].outcome.is_none()).collect();
        let slow: Vec<_> = open.iter().copied().filter(|&index| self.cases[index].slow).collect();
        let ran: Vec<_> = match self.pending {
            Some(index) => vec![index],
            None if !slow.is_empty() => slow,
            None => open.iter().copied().take(threads).collect(),
        };
        for index in open {
            let case = &mut self.cases[index];
            (case.outcome, case.message) = match broken {
                // The program ran them and named none of them as failed.
                None => (Some(TestOutcome::Passed), None),
                Some(broken) if ran.contains(&index) => (Some(broken.outcome), Some(broken.reason.clone())),
                Some(broken) => (Some(TestOutcome::Skipped), Some(format!("not run: {}", broken.reason))),
            };
        }
        self.cases.into_iter().map(|case| case.finish(workspace)).collect()
    }
}

impl Case {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), outcome: None, message: None, output: String::new(), slow: false }
    }

    fn keep(&mut self, line: &str) {
        self.output.push_str(line);
        self.output.push('\n');
        if self.output.len() > 2 * KEPT {
            self.output = tail(&self.output).to_owned();
        }
    }

    fn finish(self, workspace: &Workspace) -> TestCase {
        let outcome = self.outcome.unwrap_or(TestOutcome::Failed);
        let failed = outcome == TestOutcome::Failed;
        let (message, place) = if failed { panic(&self.output, workspace) } else { (None, None) };
        let message = message.or(self.message).or_else(|| failed.then(|| last_words(&self.output)));
        let output = if failed { tail(self.output.trim_end()).to_owned() } else { String::new() };
        let place = place.or_else(|| doc_place(&self.name, workspace).filter(|_| failed));
        TestCase { name: self.name, outcome, duration: None, message, place, output }
    }
}

/// The last part of a text that is kept, in whole lines: of a secret that is cut, the rest could not be masked.
pub(super) fn tail(text: &str) -> &str {
    let Some(cut) = text.len().checked_sub(KEPT).filter(|&cut| cut > 0) else { return text };
    let start = text.as_bytes()[cut - 1..].iter().position(|&byte| byte == b'\n').map_or(text.len(), |end| cut + end);
    &text[start..]
}

/// `ok`, `FAILED`, `ignored`, `ignored, why`.
fn status(text: &str) -> Option<(TestOutcome, Option<String>)> {
    match text.trim_end() {
        "ok" => Some((TestOutcome::Passed, None)),
        "FAILED" => Some((TestOutcome::Failed, None)),
        "ignored" => Some((TestOutcome::Skipped, Some("ignored".into()))),
        text if text.starts_with("bench: ") => Some((TestOutcome::Passed, None)),
        text => text.strip_prefix("ignored, ").map(|why| (TestOutcome::Skipped, Some(format!("ignored: {why}")))),
    }
}

/// What the first panic in the output says, and where it was.
pub(super) fn panic(output: &str, workspace: &Workspace) -> (Option<String>, Option<Place>) {
    let mut lines = output.lines();
    let Some(place) = lines.find_map(panic_place) else { return (None, None) };
    let message: Vec<_> = lines
        .take_while(|line| !line.starts_with("note: ") && *line != "stack backtrace:" && panic_place(line).is_none())
        .take(40)
        .collect();
    let message = message.join("\n").trim().to_owned();
    ((!message.is_empty()).then_some(message), ours(place.0, place.1, place.2, workspace))
}

/// The place in `thread 'name' panicked at FILE:LINE:COLUMN:`; newer versions write the thread's id behind its name.
fn panic_place(line: &str) -> Option<(&str, u32, u32)> {
    let (_, place) = line.strip_prefix("thread '")?.split_once(" panicked at ")?;
    let mut parts = place.strip_suffix(':')?.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some((parts.next()?, line, column))
}

/// The place, if it is below the searched folder.
fn ours(file: &str, line: u32, column: u32, workspace: &Workspace) -> Option<Place> {
    let path = relative(&workspace.base, &workspace.root.join(file));
    (!Path::new(&path).is_absolute()).then_some(Place { path, line, column, end_line: line, end_column: column })
}

/// The place in a documentation test's name: `src/lib.rs - add (line 3)`.
fn doc_place(name: &str, workspace: &Workspace) -> Option<Place> {
    let (file, rest) = name.split_once(" - ")?;
    let line = rest.rsplit_once("(line ")?.1.split_once(')')?.0.parse().ok()?;
    ours(file, line, 1, workspace)
}

/// What a test that failed without a panic said last.
fn last_words(output: &str) -> String {
    output.lines().rev().find(|line| !line.trim().is_empty()).map_or_else(|| "failed without a message".into(), str::to_owned)
}

/// The names in the output of `--list`; absent if it is none.
pub(super) fn names(output: &[String]) -> Option<Vec<String>> {
    let is_sum = |line: &String| line.contains(" test") && line.contains(", ") && line.contains(" benchmark");
    output.iter().any(is_sum).then(|| output.iter().filter_map(|line| line.strip_suffix(": test").map(str::to_owned)).collect())
}

#[cfg(test)]
#[path = "libtest_tests.rs"]
mod tests;
