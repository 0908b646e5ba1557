use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderError, TemplateError};
use serde_json::{Value, json};
use slipway_model::{Facts, FindingFact, Fragment, Outcome};

use crate::markdown::{code, escape, prose};

/// Why a fragment cannot be rendered: a template of ours is wrong.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// A template does not parse.
    #[error("A template cannot be read: {0}.")]
    Template(#[from] Box<TemplateError>),
    /// A template does not fit the fragment.
    #[error("The summary cannot be rendered: {0}.")]
    Render(#[from] Box<RenderError>),
}

/// What one task did, as Markdown for the run's summary. A heading, one line with the outcome, then what was done and
/// what went wrong.
///
/// # Errors
/// Never for templates and fragments of the same version, which the tests hold together.
pub fn summary(fragment: &Fragment) -> Result<String, ViewError> {
    let mut handlebars = Handlebars::new();
    handlebars.set_strict_mode(true);
    handlebars.register_escape_fn(escape);
    handlebars.register_helper("code", Box::new(code_helper));
    handlebars.register_helper("prose", Box::new(prose_helper));
    handlebars.register_partial("outcome", include_str!("templates/outcome.hbs")).map_err(Box::new)?;
    handlebars.register_partial("problems", include_str!("templates/problems.hbs")).map_err(Box::new)?;
    let template = match &fragment.facts {
        Facts::Secrets(_) => include_str!("templates/secrets.hbs"),
        Facts::Checks(_) => include_str!("templates/checks.hbs"),
        Facts::Image(_) => include_str!("templates/image.hbs"),
        Facts::Promotion(_) => include_str!("templates/promotion.hbs"),
    };
    let text = handlebars.render_template(template, &view(fragment)).map_err(Box::new)?;
    Ok(format!("{}\n", text.trim_end()))
}

fn findings(findings: &[FindingFact]) -> Vec<Value> {
    findings.iter().map(|finding| json!({ "name": finding.name, "message": finding.message, "place": finding.place })).collect()
}

/// The fragment with what templates cannot work out themselves.
fn view(fragment: &Fragment) -> Value {
    let outcome = match (fragment.outcome, fragment.dry_run) {
        (Outcome::Succeeded, false) => "Succeeded",
        (Outcome::Succeeded, true) => "Dry run: would succeed, as far as this can be known",
        (Outcome::SucceededWithIssues, false) => "Succeeded with issues",
        (Outcome::SucceededWithIssues, true) => "Dry run: would succeed, with issues",
        (Outcome::Failed, false) => "Failed",
        (Outcome::Failed, true) => "Dry run: would fail",
        (Outcome::Canceled, _) => "Canceled",
    };
    let facts = match &fragment.facts {
        Facts::Secrets(facts) => json!({
            "vault": facts.vault,
            "vaultUrl": facts.vault_url,
            "secrets": facts.secrets.iter().map(|secret| json!({
                "variable": secret.variable,
                "name": secret.name,
                // Enough to tell versions apart at a glance; the attachment has the whole.
                "version": secret.version.as_deref().map(|version| version.chars().take(8).collect::<String>()).unwrap_or_default(),
                "pinned": secret.pinned,
                "expires": secret.expires.as_deref().map(date).unwrap_or_default(),
            })).collect::<Vec<_>>(),
            "count": facts.secrets.len(),
            "read": facts.secrets.iter().filter(|secret| secret.version.is_some()).count(),
        }),
        Facts::Checks(facts) => json!({
            "folder": facts.folder,
            "checks": facts.checks.iter().map(|check| json!({
                "check": check.check,
                "workspace": check.workspace,
                "outcome": check.outcome,
                "seconds": format!("{:.1} s", std::time::Duration::from_millis(check.milliseconds).as_secs_f64()),
                "reason": check.reason,
            })).collect::<Vec<_>>(),
            "errors": facts.errors,
            "warnings": facts.warnings,
            "findings": findings(&facts.findings),
            "tests": facts.tests,
            "failed": facts.failed,
            "skipped": facts.skipped,
            "failures": findings(&facts.failures),
        }),
        Facts::Image(facts) => {
            let repository = format!("{}/{}", facts.registry, facts.repository);
            json!({
                "service": facts.service,
                "reference": facts.digest.as_ref().map(|digest| format!("{repository}@{digest}")).unwrap_or_default(),
                "repository": repository,
                "digest": facts.digest.as_ref().map(ToString::to_string).unwrap_or_default(),
                "platform": facts.platform,
                "folder": facts.folder,
                "base": facts.base.as_deref().unwrap_or_default(),
                "size": size(facts.bytes),
                "tags": facts.tags,
                "provenance": facts.provenance.as_ref().map(ToString::to_string).unwrap_or_default(),
            })
        }
        Facts::Promotion(facts) => json!({
            "source": facts.source,
            "target": facts.target,
            "run": facts.run,
            "commit": facts.commit,
            "images": facts.images.iter().map(|image| json!({
                "service": image.service,
                "image": format!("{}/{}@{}", facts.target, image.repository, image.digest),
                "outcome": image.outcome,
                "size": size(image.bytes),
                "tags": image.tags,
            })).collect::<Vec<_>>(),
        }),
    };
    json!({
        "task": format!("{} {}", fragment.task.name, fragment.task.version),
        "at": fragment.at,
        "outcome": outcome,
        "dryRun": fragment.dry_run,
        "facts": facts,
        "problems": fragment.problems.iter().map(|problem| json!({ "code": problem.code, "message": problem.message, "hint": problem.hint })).collect::<Vec<_>>(),
    })
}

/// A number of bytes for people, in units of 1024.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["B", "KiB", "MiB", "GiB"];
    let (mut whole, mut rest, mut unit) = (bytes, 0, 0);
    while whole >= 1024 && unit + 1 < UNITS.len() {
        (rest, whole, unit) = (whole % 1024, whole / 1024, unit + 1);
    }
    if unit == 0 { format!("{whole} B") } else { format!("{whole}.{} {}", rest * 10 / 1024, UNITS[unit]) }
}

/// The date of an RFC 3339 time.
fn date(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

fn text<'a>(helper: &'a Helper<'_>) -> &'a str {
    helper.param(0).and_then(|value| value.value().as_str()).unwrap_or_default()
}

fn code_helper(helper: &Helper<'_>, _: &Handlebars<'_>, _: &Context, _: &mut RenderContext<'_, '_>, out: &mut dyn Output) -> HelperResult {
    Ok(out.write(&code(text(helper)))?)
}

fn prose_helper(helper: &Helper<'_>, _: &Handlebars<'_>, _: &Context, _: &mut RenderContext<'_, '_>, out: &mut dyn Output) -> HelperResult {
    Ok(out.write(&prose(text(helper)))?)
}

#[cfg(test)]
mod tests {
    use slipway_model::{
        CheckFact, ChecksFacts, Digest, ImageFacts, Problem, PromotedImage, PromotionFacts, SecretFact, SecretsFacts, TaskReference,
    };

    use super::*;

    fn fragment() -> Fragment {
        let secret = |variable: &str, name: &str, version: Option<&str>| SecretFact {
            variable: variable.to_owned(),
            name: name.to_owned(),
            version: version.map(str::to_owned),
            pinned: false,
            expires: None,
        };
        Fragment {
            schema: Fragment::SCHEMA,
            task: TaskReference { name: "KeyVaultFetch".to_owned(), version: "1.0.0".to_owned() },
            at: "2026-08-22T10:00:00Z".to_owned(),
            stage: String::new(),
            job: "Job".to_owned(),
            attempt: 1,
            outcome: Outcome::Succeeded,
            dry_run: false,
            facts: Facts::Secrets(SecretsFacts {
                vault: "shop-kv".to_owned(),
                vault_url: "https://shop-kv.vault.azure.net/".to_owned(),
                secrets: vec![
                    SecretFact {
                        pinned: true,
                        expires: Some("2027-01-02T03:04:05Z".to_owned()),
                        ..secret("DB_PASSWORD", "db-password", Some("0123456789abcdef0123456789abcdef"))
                    },
                    secret("API_KEY", "api-key", Some("fedcba9876543210fedcba9876543210")),
                ],
            }),
            problems: Vec::new(),
        }
    }

    #[test]
    fn what_was_fetched_is_a_table() {
        insta::assert_snapshot!(summary(&fragment()).unwrap());
    }

    #[test]
    fn a_failure_names_what_went_wrong_and_the_next_step() {
        let mut fragment = fragment();
        fragment.outcome = Outcome::Failed;
        let Facts::Secrets(facts) = &mut fragment.facts else { unreachable!("a fragment of secrets") };
        for secret in &mut facts.secrets {
            secret.version = None;
        }
        fragment.problems = vec![
            Problem {
                code: "SLIP-KV-404-SECRET".to_owned(),
                message: "The vault `shop-kv` has no secret `api-key`.".to_owned(),
                hint: "Was `apikey` meant?".to_owned(),
            },
            Problem { code: "SLIP-KV-403-RBAC".to_owned(), message: "Refused <script>.".to_owned(), hint: String::new() },
        ];
        insta::assert_snapshot!(summary(&fragment).unwrap());
    }

    #[test]
    fn a_dry_run_says_so() {
        let mut fragment = Fragment { dry_run: true, ..fragment() };
        let Facts::Secrets(facts) = &mut fragment.facts else { unreachable!("a fragment of secrets") };
        facts.secrets.iter_mut().for_each(|secret| secret.version = None);
        insta::assert_snapshot!(summary(&fragment).unwrap());
    }

    #[test]
    fn checks_are_told_with_what_they_found() {
        let check = |check: &str, outcome: &str, reason: &str| CheckFact {
            check: check.to_owned(),
            workspace: ".".to_owned(),
            outcome: outcome.to_owned(),
            milliseconds: 1234,
            reason: reason.to_owned(),
        };
        let finding = |name: &str, message: &str, place: &str| FindingFact {
            name: name.to_owned(),
            message: message.to_owned(),
            place: place.to_owned(),
        };
        let facts = ChecksFacts {
            folder: "orders".to_owned(),
            checks: vec![check("lint", "passed", ""), check("unit-tests", "failed", "1 of 2 tests failed")],
            errors: 0,
            warnings: 1,
            findings: vec![finding("clippy::len_zero", "length comparison to zero", "orders/src/lib.rs:3:5")],
            tests: 2,
            failed: 1,
            skipped: 0,
            failures: vec![finding("tests::adds", "panicked: <3>", "")],
        };
        insta::assert_snapshot!(summary(&Fragment { facts: Facts::Checks(facts), outcome: Outcome::Failed, ..fragment() }).unwrap());
    }

    fn digest(byte: u8) -> Digest {
        Digest::from_sha256([byte; 32])
    }

    #[test]
    fn an_image_is_told_with_where_it_lies() {
        let facts = ImageFacts {
            service: "orders".to_owned(),
            registry: "shopnonprod.azurecr.io".to_owned(),
            repository: "shop/orders".to_owned(),
            digest: Some(digest(0xab)),
            platform: "linux/amd64".to_owned(),
            folder: "out/orders".to_owned(),
            base: None,
            bytes: 1_572_864,
            tags: vec!["20261124.1".to_owned()],
            provenance: Some(digest(0xcd)),
        };
        insta::assert_snapshot!(summary(&Fragment { facts: Facts::Image(facts.clone()), ..fragment() }).unwrap());
        let failed = ImageFacts { digest: None, tags: vec![], provenance: None, ..facts };
        let failed = summary(&Fragment { facts: Facts::Image(failed), outcome: Outcome::Failed, ..fragment() }).unwrap();
        assert!(failed.contains("No image was pushed to `shopnonprod.azurecr.io/shop/orders`."), "{failed}");
    }

    #[test]
    fn a_promotion_is_a_table_of_images() {
        let image = |service: &str, outcome: &str, bytes: u64, tags: &[&str]| PromotedImage {
            service: service.to_owned(),
            repository: format!("shop/{service}"),
            digest: digest(0xab),
            provenance: Some(digest(0xcd)),
            outcome: outcome.to_owned(),
            bytes,
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        let facts = PromotionFacts {
            source: "shopnonprod.azurecr.io".to_owned(),
            target: "shopprod.azurecr.io".to_owned(),
            run: "7".to_owned(),
            commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            images: vec![image("orders", "promoted", 2_000_000, &["v7", "stable"]), image("shipping", "was there", 0, &[])],
        };
        insta::assert_snapshot!(summary(&Fragment { facts: Facts::Promotion(facts), ..fragment() }).unwrap());
    }

    #[test]
    fn values_cannot_break_the_table() {
        let mut fragment = fragment();
        let Facts::Secrets(facts) = &mut fragment.facts else { unreachable!("a fragment of secrets") };
        facts.secrets[0].variable = "A|B`\n| x".to_owned();
        let markdown = summary(&fragment).unwrap();
        let row = markdown.lines().find(|line| line.contains("db-password")).unwrap();
        assert!(row.starts_with(r"| `A\|B' \| x` | `db-password` |"), "{row}");
    }
}
