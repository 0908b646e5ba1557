//! Shows a run: live on a terminal, as plain lines elsewhere, and as a report when it is over.
//!
//! [`Board`] is what has happened so far; [`view`], [`plain`] and [`report`] turn it and the run's record into lines.
//! All of that is pure; [`Watcher`] alone prints.

mod board;
mod plain;
mod report;
#[cfg(test)]
mod tests;
mod view;
mod watcher;
mod words;

pub(crate) use board::run_title;
pub(crate) use report::{Report, Row, TestCounts};
pub(crate) use watcher::Watcher;
pub(crate) use words::{answered, result_word, waits_for};
