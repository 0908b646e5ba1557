//! A defect of Slipway: one clear line and a failed step, instead of a backtrace and an exit status that the agent
//! explains in its own way.

use std::any::Any;
use std::backtrace::Backtrace;
use std::panic::PanicHookInfo;

use crate::commands::task::TaskResult;
use crate::neutralise::single_line;
use crate::{Reporter, TaskContext, TaskError, codes};

/// Has every panic, of any thread, end the process with a failed step. Programs are built to abort at a panic, so this
/// hook is the last code that runs.
pub(crate) fn install(context: &TaskContext) {
    let reporter = context.reporter().clone();
    std::panic::set_hook(Box::new(move |info| {
        report(&reporter, info);
        #[expect(clippy::exit, reason = "the result is printed, so the exit status must say that the agent should take it from there")]
        std::process::exit(i32::from(reporter.failed()))
    }));
}

fn report(reporter: &Reporter, info: &PanicHookInfo<'_>) {
    let place = info.location().map(|location| format!(" ({}:{})", location.file(), location.line())).unwrap_or_default();
    let error = TaskError::new(
        codes::PANIC,
        format!("This is a defect of Slipway: {}{place}.", single_line(message(info.payload())).trim_end_matches('.')),
    )
    .hint("Run the pipeline again with `System.Debug` set to `true` and report the log.");
    if reporter.is_free() {
        if reporter.is_debug() {
            reporter.debug(&Backtrace::force_capture().to_string());
        }
        reporter.cause(&error);
        reporter.complete(TaskResult::Failed, &format!("{}: a defect of Slipway.", codes::PANIC));
    } else {
        // It happened while something was being printed: what holds the lock will not give it back.
        reporter.complete_at_any_price();
    }
}

fn message(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("an unknown panic")
}
