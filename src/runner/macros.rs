//! `$(name)` in values: a single pass, as the agent expands inputs.

/// Replaces `$(name)` by what `lookup` knows. Unknown names stay as they are, replaced text is not looked at again.
pub(crate) fn expand<V: AsRef<str>>(text: &str, lookup: impl Fn(&str) -> Option<V>) -> String {
    slipway_pipelines::macros::expand(text, |name| lookup(name).map(|value| value.as_ref().to_owned()))
}
