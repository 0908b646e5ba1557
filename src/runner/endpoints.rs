//! Service connections as an agent keeps them and hands them to tasks.

use slipway_model::{AzureEndpoint, SYSTEM_CONNECTION, ServiceConnection};
use slipway_pipelines::TaskInput;

use crate::masker::Masker;

/// Auth parameters that the agent masks although they are no secrets: files may name them, logs never show them.
const IDENTIFIERS: &[&str] = &["serviceprincipalid", "loginServer", "username"];

/// Auth parameters that the agent does not mask; all others it does (its list).
const SHOWN_PARAMETERS: &[&str] = &[
    "role",
    "scope",
    "tenantid",
    "issuedat",
    "expiresat",
    "audience",
    "authenticationtype",
    "authorizationtype",
    "accesstokentype",
    "accesstokenfetchingmethod",
    "usewindowssecurity",
    "unsecured",
    "oauthaccesstokenissupplied",
    "completecallbackpayload",
    "acceptuntrustedcerts",
];

/// The job's own connection to Azure DevOps.
pub(crate) fn system_connection(collection_uri: &str, access_token: &str) -> ServiceConnection {
    ServiceConnection {
        id: SYSTEM_CONNECTION.to_owned(),
        name: "SystemVssConnection".to_owned(),
        kind: String::new(),
        url: collection_uri.to_owned(),
        scheme: "OAuth".to_owned(),
        parameters: vec![("AccessToken".to_owned(), access_token.to_owned())],
        data: Vec::new(),
    }
}

/// Masks what is secret in the connections of a job.
pub(crate) fn mask(connections: &[ServiceConnection], masker: &Masker) {
    for (name, value) in connections.iter().flat_map(|connection| &connection.parameters) {
        if !SHOWN_PARAMETERS.contains(&name.to_lowercase().as_str()) {
            if IDENTIFIERS.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                masker.add_identifier(value);
            } else {
                masker.add_value(value);
            }
        }
    }
}

/// The ids that the `connectedService:` inputs of a task name; an input may hold several, with commas.
pub(crate) fn named<'i>(definitions: &'i [TaskInput], inputs: &'i [(String, String)]) -> impl Iterator<Item = &'i str> {
    definitions
        .iter()
        .filter(|input| input.kind.get(..17).is_some_and(|kind| kind.eq_ignore_ascii_case("connectedService:")))
        .filter_map(|input| inputs.iter().find(|(name, _)| name.eq_ignore_ascii_case(&input.name)))
        .flat_map(|(_, value)| value.split(','))
        .map(str::trim)
        .filter(|id| !id.is_empty())
}

/// Where Azure DevOps is for a run.
#[derive(Clone, Debug)]
pub(crate) struct Organization {
    pub(crate) collection_uri: String,
    pub(crate) project: String,
    pub(crate) project_id: String,
}

impl Organization {
    /// The stand-in's, or, where none runs, one that exists in names only.
    pub(crate) fn of(azure: Option<&AzureEndpoint>) -> Self {
        match azure {
            Some(azure) => {
                Self { collection_uri: azure.collection_uri.clone(), project: azure.project.clone(), project_id: azure.project_id.clone() }
            }
            None => Self {
                collection_uri: "https://dev.azure.com/local/".to_owned(),
                project: "local".to_owned(),
                project_id: "10ca1000-0000-4000-8000-000000000000".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_masked_but_for_a_few() {
        let masker = Masker::new();
        let connection = ServiceConnection {
            parameters: vec![
                ("tenantId".into(), "the-tenant".into()),
                ("serviceprincipalid".into(), "the-principal".into()),
                ("serviceprincipalkey".into(), "the-key".into()),
            ],
            ..system_connection("https://dev.azure.com/x/", "the-token")
        };
        mask(&[connection, system_connection("https://dev.azure.com/x/", "the-token")], &masker);
        assert_eq!(masker.mask("the-tenant the-principal the-key the-token"), "the-tenant *** *** ***");
    }

    #[test]
    fn only_connection_inputs_name_connections() {
        let input = |name: &str, kind: &str| TaskInput {
            name: name.into(),
            aliases: vec![],
            kind: kind.into(),
            label: String::new(),
            default_value: None,
            required: false,
            visible_rule: None,
        };
        let definitions = [input("a", "connectedService:AzureRM"), input("b", "string"), input("c", "connectedservice:x")];
        let inputs = [("A".to_owned(), "1, 2".to_owned()), ("b".to_owned(), "3".to_owned()), ("c".to_owned(), String::new())];
        assert_eq!(named(&definitions, &inputs).collect::<Vec<_>>(), ["1", "2"]);
    }
}
