//! What a run says of itself in the provenance of what it builds, and how another run is named by it: the two must be equal
//! letter by letter, or nothing could be promoted.

use slipway_agent::Variables;
use slipway_model::Digest;
use slipway_oci::provenance::{Pipeline, Statement};
use time::OffsetDateTime;

/// The pipeline of the job.
pub(crate) fn pipeline(variables: &Variables<'_>) -> Pipeline {
    let organization = variables.collection_uri().map(|uri| uri.to_string()).unwrap_or_default();
    Pipeline {
        organization: if organization.is_empty() || organization.ends_with('/') { organization } else { format!("{organization}/") },
        project_id: variables.team_project_id().unwrap_or_default().to_owned(),
        definition_id: variables.get("System.DefinitionId").unwrap_or_default().to_owned(),
        definition_name: variables.definition_name().unwrap_or_default().to_owned(),
    }
}

/// The statement of this run on an image.
pub(crate) fn statement(
    variables: &Variables<'_>,
    subject: (String, Digest),
    base: Option<(String, Digest)>,
    (started_on, finished_on): (OffsetDateTime, OffsetDateTime),
) -> Statement {
    let pipeline = pipeline(variables);
    Statement {
        subject,
        repository: variables
            .get("Build.Repository.Uri")
            .map(|uri| without_user(uri).unwrap_or_else(|| uri.to_owned()))
            .unwrap_or_default(),
        reference: variables.source_branch().unwrap_or_default().to_owned(),
        commit: variables.source_version().unwrap_or_default().to_owned(),
        base,
        invocation_id: pipeline.invocation_id(variables.build_id().unwrap_or_default()),
        builder_id: pipeline.builder_id(),
        pipeline,
        started_on,
        finished_on,
    }
}

/// An address without user and password: Azure Repos' addresses have the organization as a user, and a password would be a
/// secret. Absent where it is no URL.
pub(crate) fn without_user(uri: &str) -> Option<String> {
    let mut url = url::Url::parse(uri).ok()?;
    // Both fail only for addresses that can have neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_neither_user_nor_password() {
        let clean = without_user("https://contoso:pat@dev.azure.com/contoso/_git/shop");
        assert_eq!(clean.as_deref(), Some("https://dev.azure.com/contoso/_git/shop"));
        assert_eq!(without_user("git@github.com:contoso/shop.git"), None);
    }
}
