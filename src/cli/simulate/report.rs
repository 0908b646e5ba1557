//! The report on all that an event made happen.

use slipway_runner::TaskResult;

use crate::live::{Report, result_word};
use crate::text::{Line, Style};

/// A pipeline that was triggered, when all is over.
pub(crate) struct Ended {
    /// Its name.
    pub(crate) pipeline: String,
    /// Whether the pull request cannot be completed without it.
    pub(crate) required: bool,
    /// What became of it.
    pub(crate) outcome: Outcome,
}

/// What became of a pipeline.
pub(crate) enum Outcome {
    /// It ran.
    Ran(Box<Report>),
    /// It could not: its YAML is broken, or this machine lacks something. It was said when it happened.
    Refused,
    /// The person ended the simulation before.
    NotRun,
}

impl Ended {
    /// Whether it ran and succeeded.
    pub(crate) fn succeeded(&self) -> bool {
        let result = match &self.outcome {
            Outcome::Ran(report) => report.result,
            Outcome::Refused | Outcome::NotRun => None,
        };
        matches!(result, Some(TaskResult::Succeeded | TaskResult::SucceededWithIssues))
    }

    /// Whether it waits for an answer.
    pub(crate) fn waits(&self) -> bool {
        matches!(&self.outcome, Outcome::Ran(report) if report.waits)
    }

    /// The run's number, if it ran.
    pub(crate) fn run(&self) -> Option<u64> {
        match &self.outcome {
            Outcome::Ran(report) => Some(report.id),
            Outcome::Refused | Outcome::NotRun => None,
        }
    }

    fn word(&self) -> &'static str {
        match &self.outcome {
            Outcome::Ran(report) if report.waits => "waits for an answer",
            Outcome::Ran(report) => report.result.map_or("not complete", result_word),
            Outcome::Refused => "could not run",
            Outcome::NotRun => "not run",
        }
    }
}

/// The report. `policies`: whether branch policies decide about the event. `images`: where the runs' images are.
pub(crate) fn lines(title: &str, ended: Vec<Ended>, policies: bool, images: Vec<Line>) -> Vec<Line> {
    let mut lines = vec![Line::new().with(Style::Strong, format!("report: {title}"))];
    for one in &ended {
        lines.push(Line::new());
        match &one.outcome {
            Outcome::Ran(report) => lines.extend(report.brief()),
            Outcome::Refused | Outcome::NotRun => {
                lines.push(Line::new().with(Style::Strong, one.pipeline.as_str()).with(Style::Plain, ": ").with(Style::Bad, one.word()));
            }
        }
    }
    if !images.is_empty() {
        lines.push(Line::new());
        lines.extend(images);
    }
    lines.push(Line::new());
    lines.extend(verdict(&ended, policies));
    lines
}

/// What it all means.
fn verdict(ended: &[Ended], policies: bool) -> Vec<Line> {
    if ended.is_empty() {
        return vec![Line::plain("no pipeline was triggered")];
    }
    let names = |failed: &mut dyn Iterator<Item = &Ended>| {
        failed.map(|one| format!("`{}` ({})", one.pipeline, one.word())).collect::<Vec<_>>().join(", ")
    };
    let failed = names(&mut ended.iter().filter(|one| !one.succeeded()));
    let only_waits = ended.iter().all(|one| one.succeeded() || one.waits());
    let required = names(&mut ended.iter().filter(|one| !one.succeeded() && one.required));
    let first = match (failed.is_empty(), ended) {
        (true, [one]) => Line::new().with(Style::Good, format!("`{}` succeeded", one.pipeline)),
        (true, [_, _]) => Line::new().with(Style::Good, "both pipelines succeeded"),
        (true, _) => Line::new().with(Style::Good, format!("all {} pipelines succeeded", ended.len())),
        (false, _) if only_waits => Line::new().with(Style::Remark, "not over").with(Style::Plain, format!(": {failed}")),
        (false, _) => Line::new().with(Style::Bad, "not succeeded").with(Style::Plain, format!(": {failed}")),
    };
    let mut lines = vec![first];
    if policies {
        lines.push(if required.is_empty() {
            Line::plain("branch policy: the pull request can be completed, as far as builds are concerned")
        } else {
            Line::plain("branch policy: ")
                .with(Style::Bad, "the pull request cannot be completed")
                .with(Style::Plain, format!(", a required build validation has not succeeded: {required}"))
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(results: &[TaskResult]) -> Vec<Ended> {
        let named = |(index, result): (usize, &TaskResult)| Ended {
            pipeline: format!("p{index}"),
            required: false,
            outcome: Outcome::Ran(Box::new(Report { result: Some(*result), ..Report::default() })),
        };
        results.iter().enumerate().map(named).collect()
    }

    fn said(ended: &[Ended]) -> String {
        verdict(ended, false).iter().map(Line::to_string).collect()
    }

    #[test]
    fn what_it_all_means_is_said_by_number() {
        use TaskResult::{Failed, Succeeded, SucceededWithIssues};
        assert_eq!(said(&[]), "no pipeline was triggered");
        assert_eq!(said(&ended(&[Succeeded])), "`p0` succeeded");
        assert_eq!(said(&ended(&[Succeeded, SucceededWithIssues])), "both pipelines succeeded");
        assert_eq!(said(&ended(&[Succeeded; 3])), "all 3 pipelines succeeded");
        assert_eq!(said(&ended(&[Succeeded, Failed])), "not succeeded: `p1` (failed)");
        let mut waits = ended(&[Succeeded, Failed]);
        waits[1].outcome = Outcome::Ran(Box::new(Report { waits: true, ..Report::default() }));
        assert_eq!(said(&waits), "not over: `p1` (waits for an answer)");
    }
}
