//! Prints a run as it goes on.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use slipway_pipelines::Pipeline;
use slipway_runner::Event;

use super::board::Board;
use super::plain::{above, plain};
use super::view::view;
use crate::terminal::Terminal;
use crate::text::Line;

/// Receives the events of a run and shows them on the terminal.
#[derive(Debug)]
pub(crate) struct Watcher {
    terminal: Arc<Terminal>,
    started: Instant,
    state: Mutex<Watched>,
}

#[derive(Debug)]
struct Watched {
    board: Board,
    /// Lines that the next drawing puts above the live part.
    above: Vec<Line>,
    /// Whether somebody is being asked: nothing is printed meanwhile.
    held: bool,
}

/// Holds the printing while it lives.
#[derive(Debug)]
pub(crate) struct Held(Arc<Watcher>);

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.held = false;
        if !self.0.terminal.is_interactive() {
            let lines = std::mem::take(&mut state.above);
            self.0.terminal.print(lines);
        }
    }
}

impl Watcher {
    /// A watcher of a run of `pipeline` that begins now.
    pub(crate) fn new(terminal: Arc<Terminal>, pipeline: &Pipeline) -> Self {
        Self {
            terminal,
            started: Instant::now(),
            state: Mutex::new(Watched { board: Board::new(pipeline), above: Vec::new(), held: false }),
        }
    }

    /// Takes note of an event. Without a live part it is printed at once.
    pub(crate) fn event(&self, event: &Event) {
        let mut state = self.state();
        state.board.apply(self.started.elapsed(), event);
        if self.terminal.is_interactive() {
            let lines = above(&mut state.board, event);
            state.above.extend(lines);
        } else {
            let lines = plain(&mut state.board, event);
            if state.held {
                state.above.extend(lines);
            } else {
                self.terminal.print(lines);
            }
        }
    }

    /// Removes the live part and prints nothing until what is returned is dropped.
    pub(crate) fn hold(self: &Arc<Self>) -> Held {
        self.draw();
        if self.terminal.is_interactive() {
            self.terminal.draw(&[], &[]);
        }
        self.state().held = true;
        Held(Arc::clone(self))
    }

    /// Says something of our own.
    pub(crate) fn say(&self, line: Line) {
        let mut state = self.state();
        if state.held || self.terminal.is_interactive() {
            state.above.push(line);
        } else {
            self.terminal.print([line]);
        }
    }

    /// Draws the live part; to be called some times a second.
    pub(crate) fn draw(&self) {
        if self.terminal.is_interactive() {
            let mut state = self.state();
            if state.held {
                return;
            }
            let (height, _) = self.terminal.size();
            let above = std::mem::take(&mut state.above);
            self.terminal.draw(&above, &view(&state.board, self.started.elapsed(), height.saturating_sub(1)));
        }
    }

    /// Removes the live part; what is above it stays.
    pub(crate) fn end(&self) {
        if self.terminal.is_interactive() {
            let above = std::mem::take(&mut self.state().above);
            self.terminal.draw(&above, &[]);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
