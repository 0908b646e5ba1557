/// A function that a place has besides those of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// Name.
    pub name: &'static str,
    /// Fewest arguments.
    pub min: usize,
    /// Most arguments.
    pub max: usize,
}

/// Which names and functions an expression may use where it stands (facts/pipeline-yaml.md 2.6, "Named values by place" and
/// "Status functions by place").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// The place, for messages: `a step's condition`.
    pub place: &'static str,
    /// Names of values.
    pub named_values: &'static [&'static str],
    /// Functions besides those of the engine.
    pub functions: &'static [Function],
    /// Whether the expression is evaluated before the run.
    pub compile_time: bool,
}

const fn function(name: &'static str, min: usize, max: usize) -> Function {
    Function { name, min, max }
}

const STEP_STATUS: &[Function] = &[
    function("always", 0, 0),
    function("canceled", 0, 0),
    function("failed", 0, 0),
    function("succeeded", 0, 0),
    function("succeededOrFailed", 0, 0),
];

const GRAPH_STATUS: &[Function] = &[
    function("always", 0, 0),
    function("canceled", 0, 0),
    function("failed", 0, usize::MAX),
    function("succeeded", 0, usize::MAX),
    function("succeededOrFailed", 0, usize::MAX),
];

impl Vocabulary {
    /// `${{ }}`
    pub const COMPILE_TIME: Self =
        Self { place: "a `${{ }}` expression", named_values: &["parameters", "variables"], functions: &[], compile_time: true };

    /// `condition:` of a step.
    pub const STEP_CONDITION: Self =
        Self { place: "a step's condition", named_values: &["variables"], functions: STEP_STATUS, compile_time: false };

    /// `condition:` of a job.
    pub const JOB_CONDITION: Self = Self {
        place: "a job's condition",
        named_values: &["variables", "dependencies", "stageDependencies", "pipeline", "resources"],
        functions: GRAPH_STATUS,
        compile_time: false,
    };

    /// `condition:` of a stage.
    pub const STAGE_CONDITION: Self =
        Self { place: "a stage's condition", named_values: &["variables", "dependencies"], functions: GRAPH_STATUS, compile_time: false };

    /// `$[ ]` in a variable.
    pub const VARIABLE: Self = Self {
        place: "a variable's `$[ ]`",
        named_values: &["variables", "dependencies", "stageDependencies", "pipeline", "resources"],
        functions: &[function("counter", 0, 2)],
        compile_time: false,
    };

    /// All places, to say where a name exists that does not exist here.
    pub(super) const ALL: [Self; 5] =
        [Self::COMPILE_TIME, Self::STEP_CONDITION, Self::JOB_CONDITION, Self::STAGE_CONDITION, Self::VARIABLE];

    pub(super) fn named_value(&self, name: &str) -> Option<&'static str> {
        self.named_values.iter().copied().find(|known| known.eq_ignore_ascii_case(name))
    }

    pub(super) fn function(&self, name: &str) -> Option<Function> {
        self.functions.iter().copied().find(|known| known.name.eq_ignore_ascii_case(name))
    }
}
