use crate::ecosystem::judge;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The check fails because of it.
    Error,
    /// Ought to be mended.
    Warning,
    /// Worth knowing.
    Note,
}

/// A place in a source file. Lines and columns count from 1; the end is exclusive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, from the folder that was searched by [`crate::discover`], with `/`.
    pub path: String,
    /// First line.
    pub line: u32,
    /// First column, in characters.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// The column behind the last.
    pub end_column: u32,
}

/// What a tool found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The tool: `rustfmt`, `clippy`, `rustc`.
    pub tool: &'static str,
    /// The folder of the workspace, as [`crate::Workspace::folder`].
    pub workspace: String,
    /// The rule: `clippy::len_zero`, `E0308`; the tool's name where it names none.
    pub rule: String,
    /// How much it matters.
    pub level: Level,
    /// What is wrong, one line.
    pub message: String,
    /// Where; absent for what has no place in the sources (a linker's error).
    pub place: Option<Place>,
    /// What to do, as the tool says.
    pub help: Option<String>,
    /// A page about the rule.
    pub help_uri: Option<String>,
}

impl Finding {
    /// Whether both tell of the same thing, though one check may take it more seriously than another.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.rule, &self.place, &self.message, &self.workspace) == (&other.rule, &other.place, &other.message, &other.workspace)
    }
}

/// The findings in the order in which a person would mend them: errors first, compilers' before linters' before
/// formatters' (what does not compile hides the rest), then by place.
pub fn rank(findings: &[Finding]) -> Vec<&Finding> {
    let mut ranked: Vec<_> = findings.iter().collect();
    ranked.sort_by_key(|finding| {
        let tool = judge(finding.tool).map(|(place, _)| place);
        (finding.level, tool, &finding.place, &finding.rule)
    });
    ranked
}
