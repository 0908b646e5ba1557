//! The codes of the errors that come from this crate. Each is explained in docs/errors.md (a test compares the two) and
//! never renumbered.

/// Inputs that cannot be used.
pub const INPUT: &str = "SLIP-INPUT";
/// The job's own connection to Azure DevOps is missing.
pub const CONNECTION: &str = "SLIP-CONNECTION";
/// A secret variable would have several lines.
pub const SECRET_MULTILINE: &str = "SLIP-SECRET-MULTILINE";
/// The value of a secret variable cannot be handed to the agent unchanged.
pub const SECRET_PERCENT: &str = "SLIP-SECRET-PERCENT";
/// The proxy setting cannot be used.
pub const NET_PROXY: &str = "SLIP-NET-PROXY";
/// The client certificate setting cannot be used.
pub const NET_CERTIFICATE: &str = "SLIP-NET-CERTIFICATE";
/// The task's own time limit passed.
pub const DEADLINE: &str = "SLIP-DEADLINE";
/// The process that started the task ended before it.
pub const PARENT_GONE: &str = "SLIP-PARENT-GONE";
/// A defect of Slipway.
pub const PANIC: &str = "SLIP-PANIC";
/// The task's program was started without an agent.
pub const NO_AGENT: &str = "SLIP-NO-AGENT";
/// A file that the task writes could not be written.
pub const FILE: &str = "SLIP-FILE";
/// A path of test results cannot be named in the logging command.
pub const RESULTS_PATH: &str = "SLIP-RESULTS-PATH";

/// Every code of this crate.
pub const ALL: &[&str] = &[
    INPUT,
    CONNECTION,
    SECRET_MULTILINE,
    SECRET_PERCENT,
    NET_PROXY,
    NET_CERTIFICATE,
    DEADLINE,
    PARENT_GONE,
    PANIC,
    NO_AGENT,
    FILE,
    RESULTS_PATH,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_in_the_docs() {
        let docs = include_str!("../../docs/errors.md");
        let explained = |code: &str| docs.lines().any(|line| line.starts_with(&format!("| `{code}` |")));
        let missing: Vec<_> = ALL.iter().filter(|code| !explained(code)).collect();
        assert!(missing.is_empty(), "docs/errors.md has no row for {missing:?}");
        assert!(!explained("SLIP-NOT-A-CODE"));
    }
}
