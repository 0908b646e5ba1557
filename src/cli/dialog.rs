//! Asks the person at the terminal what a run wants to know.

use std::cell::RefCell;
use std::io::BufRead;
use std::rc::Rc;
use std::sync::Arc;

use slipway_runner::{Answer, Ask, Decision, Question};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::live::{Watcher, waits_for};
use crate::terminal::Terminal;
use crate::text::{Line, Style};

/// How often an answer that is none may be given.
const TRIES: usize = 5;

/// Lines that the person types. They are read by a thread of their own, so that a question can be given up.
type Typed = Rc<RefCell<Option<UnboundedReceiver<String>>>>;

/// Asks at `terminal`, the live view held meanwhile; `by` is who answers there.
pub(crate) fn ask(terminal: &Arc<Terminal>, watcher: &Arc<Watcher>, by: &str) -> Ask {
    let (terminal, watcher, by) = (Arc::clone(terminal), Arc::clone(watcher), by.to_owned());
    let typed: Typed = Rc::default();
    Box::new(move |question| {
        let (terminal, watcher, by, typed) = (Arc::clone(&terminal), Arc::clone(&watcher), by.clone(), Rc::clone(&typed));
        Box::pin(async move {
            let _held = watcher.hold();
            // Taken for the time of the question: there is one at a time.
            let mut lines = typed.borrow_mut().take().unwrap_or_else(read_lines);
            while lines.try_recv().is_ok() {
                // What was typed before the question is no answer to it.
            }
            let kept = Kept { typed, lines };
            let mut unfinished = Unfinished { terminal: &terminal, prompted: true };
            let answer = converse(&question, &by, &terminal, kept).await;
            unfinished.prompted = false;
            answer
        })
    })
}

/// Gives the lines back when the question is over, or given up.
struct Kept {
    typed: Typed,
    lines: UnboundedReceiver<String>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        let lines = std::mem::replace(&mut self.lines, unbounded_channel().1);
        *self.typed.borrow_mut() = Some(lines);
    }
}

/// Ends the line of a prompt when the question is given up.
struct Unfinished<'t> {
    terminal: &'t Terminal,
    prompted: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if self.prompted {
            self.terminal.print([Line::new()]);
        }
    }
}

/// Reads standard input line by line until it ends.
fn read_lines() -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    // Nobody waits for the thread: it ends with the process, or when the input does.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

async fn converse(question: &Question, by: &str, terminal: &Terminal, mut kept: Kept) -> Option<Answer> {
    // Where nothing is drawn, the event has said already what is waited for.
    if terminal.is_interactive() {
        terminal.print([Line::new(), Line::new().with(Style::Strong, "waiting: ").with(Style::Plain, waits_for(question))]);
    }
    terminal.print(introduction(question));
    for _ in 0..TRIES {
        terminal.prompt("approve? [y]es, [n]o, [l]ater: ");
        let Some(line) = kept.lines.recv().await else {
            terminal.print([Line::new()]);
            return None;
        };
        match understood(&line) {
            Some(Some(decision)) => {
                terminal.prompt("comment (may be empty): ");
                let comment = kept.lines.recv().await.unwrap_or_default();
                return Some(Answer { decision, by: by.to_owned(), comment: comment.trim().to_owned() });
            }
            Some(None) => return None,
            None => terminal.print([Line::plain(format!("not an answer: `{}`; type y, n or l", line.trim()))]),
        }
    }
    None
}

/// Of whom it is asked, what they are told, and for how long.
fn introduction(question: &Question) -> Vec<Line> {
    let mut lines = Vec::new();
    if !question.approvers.is_empty() {
        lines.push(Line::plain(format!("  for {}; you answer in their place", question.approvers.join(", "))));
    }
    lines.extend(question.instructions.lines().map(|line| Line::plain(format!("  {line}"))));
    if let Some(expires) = &question.expires {
        let moment: String = expires.chars().take(16).map(|c| if c == 'T' { ' ' } else { c }).collect();
        lines.push(Line::plain(format!("  until {moment} UTC")));
    }
    lines
}

/// A decision, `Some(None)` for later, nothing for what is no answer.
fn understood(line: &str) -> Option<Option<Decision>> {
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" | "approve" => Some(Some(Decision::Approve)),
        "n" | "no" | "reject" => Some(Some(Decision::Reject)),
        "l" | "later" => Some(None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use slipway_runner::QuestionKind;

    use super::*;

    fn question() -> Question {
        Question {
            id: "deploy:production".into(),
            kind: QuestionKind::Approval,
            stage: "Deploy".into(),
            subject: "production".into(),
            approvers: vec!["ada".into(), "bob".into()],
            instructions: "Look at staging.\nThen decide.".into(),
            asked: "2026-11-24T14:00:00Z".into(),
            expires: Some("2026-11-25T14:00:00.5Z".into()),
            outcome: None,
            by: String::new(),
            comment: String::new(),
            answered: None,
        }
    }

    async fn answered(typed: &[&str]) -> Option<Answer> {
        let (sender, lines) = unbounded_channel();
        for line in typed {
            sender.send((*line).to_owned()).unwrap();
        }
        drop(sender);
        let terminal = Terminal::of_process(&crate::env::Env::of("/", [("TERM", "dumb")]));
        converse(&question(), "eve", &terminal, Kept { typed: Rc::default(), lines }).await
    }

    #[tokio::test]
    async fn answers_are_understood() {
        let answer = |decision, comment: &str| Some(Answer { decision, by: "eve".into(), comment: comment.into() });
        assert_eq!(answered(&["y", "looks good"]).await, answer(Decision::Approve, "looks good"));
        assert_eq!(answered(&["perhaps", " NO ", ""]).await, answer(Decision::Reject, ""));
        assert_eq!(answered(&["l"]).await, None);
        assert_eq!(answered(&[]).await, None, "the input is over");
        assert_eq!(answered(&["?", "?", "?", "?", "?", "y"]).await, None);
    }

    #[test]
    fn a_question_says_what_it_is_about() {
        let text: String = introduction(&question()).iter().map(|line| format!("{line}\n")).collect();
        insta::assert_snapshot!(text, @r"
          for ada, bob; you answer in their place
          Look at staging.
          Then decide.
          until 2026-11-25 14:00 UTC
        ");
    }
}
