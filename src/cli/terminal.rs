//! The only door for printing. Knows whether anybody watches, how wide the window is and whether colours are wanted.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;

use console::Term;

use crate::env::Env;
use crate::text::{Line, Style};

/// Standard output and standard error of this process.
#[derive(Debug)]
pub struct Terminal {
    interactive: bool,
    /// Whether a person types into standard input.
    typed: bool,
    colour_out: bool,
    colour_err: bool,
    /// Lines of the part that is drawn again and again, at the bottom of the terminal.
    drawn: Mutex<usize>,
}

impl Terminal {
    /// The terminal of this process. Colours are off when `NO_COLOR` is set (<https://no-color.org>), when `TERM` is
    /// `dumb`, and where output goes to a file or a pipe; live progress needs a terminal that is not dumb.
    pub fn of_process(env: &Env) -> Self {
        let dumb = env.text("TERM").is_none_or(|term| term == "dumb");
        let plain = dumb || env.get("NO_COLOR").is_some();
        let (out, err) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let typed = std::io::stdin().is_terminal();
        Self { typed, interactive: out && !dumb, colour_out: out && !plain, colour_err: err && !plain, drawn: Mutex::new(0) }
    }

    /// Whether a person watches standard output on a terminal that can be drawn on.
    pub(crate) fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Whether somebody can be asked: a person reads standard output and types into standard input.
    pub(crate) fn can_ask(&self) -> bool {
        self.typed && std::io::stdout().is_terminal()
    }

    /// Prints the beginning of a line that the person completes.
    pub(crate) fn prompt(&self, text: &str) {
        self.write_out(text);
    }

    /// Height and width in characters; 24 by 80 where there is none.
    pub(crate) fn size(&self) -> (usize, usize) {
        Term::stdout().size_checked().map_or((24, 80), |(height, width)| (usize::from(height), usize::from(width)))
    }

    /// Prints lines on standard output.
    pub(crate) fn print(&self, lines: impl IntoIterator<Item = impl Into<Line>>) {
        let text: String = lines.into_iter().map(|line| coloured(&line.into(), self.colour_out) + "\n").collect();
        self.write_out(&text);
    }

    /// Prints lines on standard error.
    pub(crate) fn print_error(&self, lines: impl IntoIterator<Item = impl Into<Line>>) {
        let text: String = lines.into_iter().map(|line| coloured(&line.into(), self.colour_err) + "\n").collect();
        // Nobody is left to be told when standard error is closed.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    /// Prints a document on standard output as it is: another program reads it, so nothing in it is replaced.
    pub(crate) fn print_document(&self, text: &str) {
        self.write_out(text);
    }

    /// Draws `lines` at the bottom in place of the ones drawn before; `above` stays and scrolls.
    pub(crate) fn draw(&self, above: &[Line], lines: &[Line]) {
        let (_, width) = self.size();
        let mut drawn = self.drawn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut text = String::new();
        if *drawn > 0 {
            text.push_str(&format!("\u{1b}[{drawn}A\r\u{1b}[J"));
        }
        for line in above {
            text.push_str(&(coloured(line, self.colour_out) + "\n"));
        }
        for line in lines {
            text.push_str(&(coloured(&line.cut(width.saturating_sub(1)), self.colour_out) + "\n"));
        }
        *drawn = lines.len();
        self.write_out(&text);
    }

    fn write_out(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        // A closed pipe (`slipway runs | head`) ends the printing, not the run.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

fn coloured(line: &Line, colour: bool) -> String {
    line.pieces()
        .map(|(style, text)| {
            let code = match style {
                Style::Plain => return text.to_owned(),
                _ if !colour || text.is_empty() => return text.to_owned(),
                Style::Strong => "1",
                Style::Faint => "2",
                Style::Good => "32",
                Style::Remark => "33",
                Style::Bad => "31",
            };
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_only_there_when_wanted() {
        let line = Line::plain("a ").with(Style::Bad, "b");
        assert_eq!(coloured(&line, true), "a \u{1b}[31mb\u{1b}[0m");
        assert_eq!(coloured(&line, false), "a b");
    }
}
