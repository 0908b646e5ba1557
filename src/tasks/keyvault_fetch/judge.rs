//! Whether what was read can be used: pure, over the plan and what the vault gave.

use slipway_agent::TaskError;
use slipway_azure::keyvault::{FetchedSecret, SecretState, VaultError};
use time::OffsetDateTime;

use super::plan::{Entry, OnExpired, Plan};
use crate::codes;

/// What speaks against setting the variables, and what a person should know.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) problems: Vec<TaskError>,
    pub(crate) warnings: Vec<TaskError>,
}

/// Judges secrets that were read.
pub(crate) fn fetched(
    plan: &Plan,
    results: &[Result<FetchedSecret, VaultError>],
    now: OffsetDateTime,
    settings_page: Option<&str>,
) -> Verdict {
    let mut verdict = Verdict::default();
    for (entry, result) in plan.entries.iter().zip(results) {
        match result {
            Err(error) => verdict.problems.push(codes::of_vault(error, settings_page)),
            Ok(secret) => {
                verdict.times(plan, entry, secret.not_before, secret.expires, now);
                verdict.value(plan, entry, secret);
            }
        }
    }
    verdict.problems = merged(verdict.problems);
    verdict
}

/// Judges what a vault says of secrets without their values.
pub(crate) fn listed(plan: &Plan, states: &[Result<SecretState, VaultError>], now: OffsetDateTime, settings_page: Option<&str>) -> Verdict {
    let mut verdict = Verdict::default();
    for (entry, state) in plan.entries.iter().zip(states) {
        match state {
            Err(error) => verdict.problems.push(codes::of_vault(error, settings_page)),
            Ok(state) => verdict.times(plan, entry, state.not_before, state.expires, now),
        }
    }
    verdict.problems = merged(verdict.problems);
    verdict
}

impl Verdict {
    fn times(
        &mut self,
        plan: &Plan,
        entry: &Entry,
        not_before: Option<OffsetDateTime>,
        expires: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) {
        let (vault, secret) = (plan.vault.name(), &entry.secret);
        if let Some(expires) = expires.filter(|expires| *expires <= now) {
            let error =
                TaskError::new(codes::KV_EXPIRED, format!("The secret `{secret}` of the vault `{vault}` expired on {}.", expires.date()))
                    .hint(format!(
                        "Store a new version: `az keyvault secret set --vault-name {vault} --name {} --file FILE --expires DATE`.",
                        secret.name
                    ));
            match plan.on_expired {
                OnExpired::Warn => self.warnings.push(error),
                OnExpired::Fail => self.problems.push(error),
            }
        }
        if let Some(from) = not_before.filter(|from| *from > now) {
            let message = format!("The secret `{secret}` of the vault `{vault}` is meant to be used from {} on.", from.date());
            self.warnings.push(TaskError::new(codes::KV_EARLY, message));
        }
    }

    fn value(&mut self, plan: &Plan, entry: &Entry, secret: &FetchedSecret) {
        let (variable, name, vault) = (&entry.variable, &entry.secret, plan.vault.name());
        let value = secret.value.expose();
        if value.is_empty() {
            let message = format!("The secret `{name}` of the vault `{vault}` is empty; the variable `{variable}` is set to nothing.");
            self.warnings.push(TaskError::new(codes::KV_EMPTY, message));
        }
        if value.contains('\0') {
            let message = format!(
                "The secret `{name}` of the vault `{vault}` cannot be the variable `{variable}`: its value has a NUL character, which no environment variable can hold."
            );
            self.problems.push(TaskError::new(codes::KV_VALUE, message).hint("Store the value in base64, and decode it where it is used."));
        } else if value.contains(['\r', '\n']) {
            let at_end = !value.trim_end_matches(['\r', '\n']).contains(['\r', '\n']);
            let (what, hint) = if at_end {
                (
                    "its value ends with a line break",
                    format!(
                        "Store it without: `printf %s \"$VALUE\" | az keyvault secret set --vault-name {vault} --name {} --file /dev/stdin`.",
                        name.name
                    ),
                )
            } else {
                (
                    "its value has several lines",
                    "Store the value in one line, for instance in base64, and decode it where it is used.".to_owned(),
                )
            };
            let message = format!(
                "The secret `{name}` of the vault `{vault}` cannot be the variable `{variable}`: {what}. The agent refuses secret variables of several lines, \
                 since its log masks line by line (the rule that `SYSTEM_UNSAFEALLOWMULTILINESECRET` switches off for a whole job; Slipway never does)."
            );
            self.problems.push(TaskError::new(codes::KV_VALUE, message).hint(hint));
        }
    }
}

/// Problems that the same command mends are told as one: a missing role concerns every secret alike.
fn merged(problems: Vec<TaskError>) -> Vec<TaskError> {
    let mut merged: Vec<(TaskError, Vec<String>)> = Vec::new();
    for problem in problems {
        let alike = matches!(problem.code, codes::KV_RBAC | codes::KV_POLICY);
        match merged.iter_mut().find(|(first, _)| alike && first.code == problem.code && first.hint == problem.hint) {
            Some((_, others)) => others.push(quoted_secret(&problem.message)),
            None => merged.push((problem, Vec::new())),
        }
    }
    merged
        .into_iter()
        .map(|(mut first, others)| {
            if !others.is_empty() {
                first.message = format!("{} The same holds for {}.", first.message, others.join(", "));
            }
            first
        })
        .collect()
}

/// The secret's name as it stands in a message: "... the secret `name` ...".
fn quoted_secret(message: &str) -> String {
    let name = message.split_once("the secret `").and_then(|(_, rest)| rest.split_once('`')).map_or("another secret", |(name, _)| name);
    format!("`{name}`")
}

#[cfg(test)]
mod tests {
    use slipway_azure::keyvault::VaultErrorKind;
    use slipway_secret::{Secret, SecretSink};
    use time::macros::datetime;

    use super::super::plan::tests::plan;
    use super::*;

    struct Nowhere;

    impl SecretSink for Nowhere {
        fn register(&self, _: &str) {}
    }

    const NOW: OffsetDateTime = datetime!(2026-08-22 10:00 UTC);

    fn secret(value: &str) -> Result<FetchedSecret, VaultError> {
        Ok(FetchedSecret { value: Secret::new(value, &Nowhere), version: "0".repeat(32), not_before: None, expires: None })
    }

    fn refused(name: &str) -> Result<FetchedSecret, VaultError> {
        let message = format!("The caller has no role that allows it to read the secret `{name}` of the vault `shop-kv`.");
        Err(VaultError { kind: VaultErrorKind::ForbiddenByRbac, message, next_step: "Give it one.".to_owned(), request_id: None })
    }

    fn codes_of(errors: &[TaskError]) -> Vec<&'static str> {
        errors.iter().map(|error| error.code).collect()
    }

    #[test]
    fn a_value_that_can_be_a_variable_is_fine() {
        assert_eq!(fetched(&plan(&[("A", "a")]), &[secret("va;l%ue]")], NOW, None), Verdict::default());
    }

    #[test]
    fn a_value_of_several_lines_is_refused_with_the_rule() {
        for (value, word) in [
            ("planted\nplanted", "has several lines"),
            ("planted\rplanted", "has several lines"),
            ("planted\r\n", "ends with a line break"),
            ("planted\0", "NUL"),
        ] {
            let verdict = fetched(&plan(&[("A", "a")]), &[secret(value)], NOW, None);
            assert_eq!(codes_of(&verdict.problems), [codes::KV_VALUE]);
            let message = verdict.problems[0].to_string();
            assert!(message.contains(word), "{message}");
            assert!(word == "NUL" || message.contains("SYSTEM_UNSAFEALLOWMULTILINESECRET"));
            assert!(!message.contains("planted"));
        }
    }

    #[test]
    fn an_empty_value_is_a_warning() {
        let verdict = fetched(&plan(&[("A", "a")]), &[secret("")], NOW, None);
        assert_eq!((codes_of(&verdict.warnings), verdict.problems), (vec![codes::KV_EMPTY], Vec::new()));
    }

    #[test]
    fn times_are_judged_by_the_policy() {
        let state = |not_before, expires| [Ok(SecretState { enabled: true, not_before, expires })];
        let expired = state(None, Some(datetime!(2026-08-22 09:59 UTC)));
        let warn = plan(&[("A", "a")]);
        let fail = Plan { on_expired: OnExpired::Fail, ..warn.clone() };
        assert_eq!(codes_of(&listed(&warn, &expired, NOW, None).warnings), [codes::KV_EXPIRED]);
        assert_eq!(codes_of(&listed(&fail, &expired, NOW, None).problems), [codes::KV_EXPIRED]);
        assert_eq!(listed(&fail, &state(None, Some(datetime!(2026-08-22 10:01 UTC))), NOW, None), Verdict::default());
        assert_eq!(codes_of(&listed(&fail, &state(Some(datetime!(2026-09-01 0:00 UTC)), None), NOW, None).warnings), [codes::KV_EARLY]);
    }

    #[test]
    fn a_missing_role_is_told_once_with_all_secrets() {
        let verdict = fetched(&plan(&[("A", "a"), ("B", "b"), ("C", "c")]), &[refused("a"), secret("x\ny"), refused("c")], NOW, None);
        assert_eq!(codes_of(&verdict.problems), [codes::KV_RBAC, codes::KV_VALUE]);
        assert!(verdict.problems[0].message.ends_with("The same holds for `c`."), "{}", verdict.problems[0]);
    }
}
