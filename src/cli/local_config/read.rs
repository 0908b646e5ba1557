//! Reads `slipway.local.yml`.

use std::path::PathBuf;

use slipway_pipelines::Diagnostics;
use slipway_pipelines::yaml::{self, Node};
use slipway_standin::{
    AccessModel, Config, Connection, ConnectionKind, CredentialKind, Principal, Registry, SecretSource, Vault, VaultSecret,
};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

use super::section::{Problems, Section, did_you_mean, unique, word};
use super::{At, LocalConfig, SecretVariable, VariableGroup, check, environments, pipelines};

/// Words of `credentials` and `credential`.
const CREDENTIALS: &[(&str, CredentialKind)] = &[
    ("secret", CredentialKind::Secret),
    ("expiredSecret", CredentialKind::ExpiredSecret),
    ("certificate", CredentialKind::Certificate),
    ("federated", CredentialKind::Federated),
    ("managedIdentity", CredentialKind::ManagedIdentity),
];

/// Reads the text of the file. `file` is its name as the user knows it; `project` the name of the team project where the
/// file does not give one; `exists` tells whether the repository has a file. All problems are reported at once.
pub(crate) fn read(text: &str, file: &str, project: &str, exists: &dyn Fn(&str) -> bool) -> Result<LocalConfig, Diagnostics> {
    let Some(root) = yaml::parse(file, text)? else { return Ok(LocalConfig::without_file(project)) };
    let mut problems = Problems::default();
    let config = root_section(&root, project, exists, &mut problems);
    match config {
        Some(config) if problems.0.is_empty() => Ok(config),
        _ => Err(problems.0),
    }
}

/// The keys of the root.
const KEYS: &[&str] = &[
    "organization",
    "project",
    "tenant",
    "subscription",
    "principals",
    "vaults",
    "registries",
    "serviceConnections",
    "variables",
    "tasks",
    "repository",
    "pipelines",
    "branchPolicies",
    "repositories",
    "variableGroups",
    "environments",
];

fn root_section(root: &Node, project: &str, exists: &dyn Fn(&str) -> bool, problems: &mut Problems) -> Option<LocalConfig> {
    let section = Section::of(root, "the local Azure", KEYS, problems)?;
    let without = LocalConfig::without_file(project);

    let label = |key: &str, default: String, problems: &mut Problems| match section.text(key, problems) {
        Some(name) => {
            check::label(&name, key, problems);
            name.value
        }
        None => default,
    };
    let organization = label("organization", without.azure.organization, problems);
    let tenant = label("tenant", without.azure.tenant, problems);
    let project = section.text("project", problems).map_or(without.azure.project, |name| name.value);
    let subscription = section.text("subscription", problems).map_or(without.azure.subscription, |name| name.value);

    let principals: Vec<Named<Principal>> =
        section.list("principals", problems).iter().filter_map(|node| principal(node, problems)).collect();
    unique(principals.iter().map(|principal| &principal.name), "the principal", problems);
    let principals: Vec<Principal> = principals.into_iter().map(|named| named.value).collect();
    let vaults: Vec<Named<Vault>> = section.list("vaults", problems).iter().filter_map(|node| vault(node, &principals, problems)).collect();
    unique(vaults.iter().map(|vault| &vault.name), "the vault", problems);
    let registries: Vec<Named<Registry>> =
        section.list("registries", problems).iter().filter_map(|node| registry(node, &principals, problems)).collect();
    unique(registries.iter().map(|registry| &registry.name), "the registry", problems);
    let registries: Vec<Registry> = registries.into_iter().map(|named| named.value).collect();
    let connections: Vec<Named<Connection>> = section
        .list("serviceConnections", problems)
        .iter()
        .filter_map(|node| connection(node, &principals, &registries, problems))
        .collect();
    unique(connections.iter().map(|connection| &connection.name), "the service connection", problems);

    let variables = match section.get("variables") {
        Some(node) => Section::any_texts(node, "`variables`", problems),
        None => Vec::new(),
    };
    for (name, _) in &variables {
        check::variable(name, problems);
    }
    let public: Vec<&At<String>> = vaults.iter().flat_map(|vault| &vault.public_variables).collect();
    unique(variables.iter().map(|(name, _)| name).chain(public), "the variable", problems);
    let tasks = section.texts("tasks", problems).into_iter().map(|path| PathBuf::from(path.value)).collect();
    let repository = pipelines::repository(&section, problems);
    let definitions = pipelines::definitions(&section, &repository, exists, problems);
    let branch_policies = pipelines::branch_policies(&section, &definitions, problems);
    let repositories = pipelines::repositories(&section, problems);
    let groups: Vec<Named<VariableGroup>> =
        section.list("variableGroups", problems).iter().filter_map(|node| variable_group(node, problems)).collect();
    unique(groups.iter().map(|group| &group.name), "the variable group", problems);

    Some(LocalConfig {
        azure: Config {
            organization,
            project,
            tenant,
            subscription,
            principals,
            vaults: vaults.into_iter().map(|named| named.value).collect(),
            registries,
            connections: connections.into_iter().map(|named| named.value).collect(),
        },
        variables: variables.into_iter().map(|(name, value)| (name.value, value)).collect(),
        tasks,
        repository,
        pipelines: definitions,
        branch_policies,
        repositories,
        variable_groups: groups.into_iter().map(|named| named.value).collect(),
        environments: environments::read(&section, problems),
    })
}

/// Something with a name, and where the name stands.
struct Named<T> {
    name: At<String>,
    value: T,
    /// Variables that its secrets make.
    public_variables: Vec<At<String>>,
}

fn principal(node: &Node, problems: &mut Problems) -> Option<Named<Principal>> {
    let section = Section::of(node, "a principal", &["name", "credentials"], problems)?;
    let name = section.required_text("name", problems);
    if let Some(name) = &name {
        check::principal_name(name, problems);
    }
    let words = section.texts("credentials", problems);
    if words.is_empty() {
        let known: Vec<&str> = CREDENTIALS.iter().map(|(word, _)| *word).collect();
        problems.add(section.place, "a principal needs at least one of `credentials`", format!("known: {}", known.join(", ")));
    }
    unique(&words, "the credential", problems);
    let credentials = words.iter().filter_map(|value| word(value, "a credential", CREDENTIALS, problems)).collect();
    let name = name?;
    Some(Named { value: Principal { name: name.value.clone(), credentials }, name, public_variables: Vec::new() })
}

fn vault(node: &Node, principals: &[Principal], problems: &mut Problems) -> Option<Named<Vault>> {
    let keys = ["name", "resourceGroup", "access", "readers", "writers", "firewall", "secrets"];
    let section = Section::of(node, "a vault", &keys, problems)?;
    let name = section.required_text("name", problems);
    if let Some(name) = &name {
        check::vault_name(name, problems);
    }
    let access_model =
        section.word("access", &[("rbac", AccessModel::Rbac), ("accessPolicy", AccessModel::AccessPolicy)], problems).unwrap_or_default();
    let firewall_refuses = section.word("firewall", &[("allow", false), ("refuse", true)], problems).unwrap_or_default();
    let readers = known_principals(&section, "readers", principals, problems);
    let writers = known_principals(&section, "writers", principals, problems);
    let mut public_variables = Vec::new();
    let secrets: Vec<(At<String>, VaultSecret)> =
        section.list("secrets", problems).iter().filter_map(|node| secret(node, &mut public_variables, problems)).collect();
    unique(secrets.iter().map(|(name, _)| name), "the secret", problems);
    let resource_group = section.text("resourceGroup", problems);
    let name = name?;
    let value = Vault {
        name: name.value.clone(),
        resource_group: resource_group.map_or_else(|| name.value.clone(), |group| group.value),
        access_model,
        readers,
        writers,
        firewall_refuses,
        secrets: secrets.into_iter().map(|(_, secret)| secret).collect(),
    };
    Some(Named { name, value, public_variables })
}

fn registry(node: &Node, principals: &[Principal], problems: &mut Problems) -> Option<Named<Registry>> {
    let section = Section::of(node, "a registry", &["name", "resourceGroup", "pull", "push", "adminUser"], problems)?;
    let name = section.required_text("name", problems);
    if let Some(name) = &name {
        check::registry_name(name, problems);
    }
    let resource_group = section.text("resourceGroup", problems);
    let pull = known_principals(&section, "pull", principals, problems);
    let push = known_principals(&section, "push", principals, problems);
    let admin_user = section.flag("adminUser", false, problems);
    let name = name?;
    let value = Registry {
        name: name.value.clone(),
        resource_group: resource_group.map_or_else(|| name.value.clone(), |group| group.value),
        pull,
        push,
        admin_user,
    };
    Some(Named { name, value, public_variables: Vec::new() })
}

fn secret(node: &Node, public_variables: &mut Vec<At<String>>, problems: &mut Problems) -> Option<(At<String>, VaultSecret)> {
    let keys = ["name", "generate", "prompt", "contentType", "enabled", "expires", "notBefore"];
    let section = Section::of(node, "a secret", &keys, problems)?;
    let name = section.required_text("name", problems);
    if let Some(name) = &name {
        check::secret_name(name, problems);
    }
    let source = secret_source(&section, public_variables, problems);
    let secret = (
        section.text("contentType", problems).map(|text| text.value),
        section.flag("enabled", true, problems),
        moment(&section, "expires", problems),
        moment(&section, "notBefore", problems),
    );
    let (name, source, (content_type, enabled, expires, not_before)) = (name?, source?, secret);
    let value = VaultSecret { name: name.value.clone(), source, content_type, enabled, expires, not_before };
    Some((name, value))
}

/// Where the value of a secret comes from: `generate` or `prompt`.
fn secret_source(section: &Section<'_>, public_variables: &mut Vec<At<String>>, problems: &mut Problems) -> Option<SecretSource> {
    let generate = section.get("generate");
    let prompt = section.flag("prompt", false, problems);
    match (generate, prompt) {
        (Some(_), true) => {
            problems.add(section.place, "a secret has either `generate` or `prompt: true`, not both", "");
            None
        }
        (Some(node), false) => source(node, public_variables, problems),
        (None, true) => Some(SecretSource::Prompt),
        (None, false) => {
            // A `value:` has had its own message.
            if !section.has("value") {
                let hint = "have the value generated (`generate: { randomText: { length: 32 } }`) or asked for once (`prompt: true`)";
                problems.add(section.place, "a secret needs `generate` or `prompt: true`", hint);
            }
            None
        }
    }
}

fn variable_group(node: &Node, problems: &mut Problems) -> Option<Named<VariableGroup>> {
    let section = Section::of(node, "a variable group", &["name", "variables", "secrets"], problems)?;
    let name = section.required_text("name", problems);
    let variables = match section.get("variables") {
        Some(node) => Section::any_texts(node, "`variables` of a variable group", problems),
        None => Vec::new(),
    };
    let mut public_variables = Vec::new();
    let mut secrets = Vec::new();
    for node in section.list("secrets", problems) {
        let Some(section) = Section::of(node, "a secret variable", &["name", "generate", "prompt"], problems) else { continue };
        let name = section.required_text("name", problems);
        let source = secret_source(&section, &mut public_variables, problems);
        if let Some(name) = name {
            secrets.push((name, source));
        }
    }
    let names = || variables.iter().map(|(name, _)| name).chain(secrets.iter().map(|(name, _)| name));
    for name in names() {
        check::variable(name, problems);
    }
    unique(names().chain(&public_variables), "the variable", problems);
    let name = name?;
    let value = VariableGroup {
        name: name.value.clone(),
        variables: variables.into_iter().map(|(name, value)| (name.value, value)).collect(),
        secrets: secrets.into_iter().filter_map(|(name, source)| Some(SecretVariable { name: name.value, source: source? })).collect(),
    };
    Some(Named { name, value, public_variables: Vec::new() })
}

fn source(node: &Node, public_variables: &mut Vec<At<String>>, problems: &mut Problems) -> Option<SecretSource> {
    let keys = ["randomText", "keyPair", "certificate"];
    let section = Section::of(node, "`generate`", &keys, problems)?;
    let given: Vec<&str> = keys.into_iter().filter(|key| section.has(key)).collect();
    let [kind] = given[..] else {
        problems.add(section.place, "`generate` needs exactly one of `randomText`, `keyPair`, `certificate`", "");
        return None;
    };
    let Some(node) = section.get(kind) else {
        problems.add(section.place, format!("`{kind}` of `generate` is empty"), example(kind));
        return None;
    };
    match kind {
        "randomText" => {
            let length = Section::of(node, "`randomText`", &["length"], problems)?.required_text("length", problems)?;
            match length.value.parse() {
                Ok(length @ 1..=25_000) => Some(SecretSource::RandomText { length }),
                _ => {
                    problems.add(&length.place, format!("`length` must be a number from 1 to 25000, found `{}`", length.value), "");
                    None
                }
            }
        }
        "keyPair" => {
            let name = Section::of(node, "`keyPair`", &["publicVariable"], problems)?.required_text("publicVariable", problems)?;
            check::variable(&name, problems);
            let source = SecretSource::KeyPair { public_variable: name.value.clone() };
            public_variables.push(name);
            Some(source)
        }
        _ => {
            let subject = Section::of(node, "`certificate`", &["subject"], problems)?.required_text("subject", problems)?;
            Some(SecretSource::Certificate { subject: subject.value })
        }
    }
}

fn example(kind: &str) -> &'static str {
    match kind {
        "randomText" => "write `randomText: { length: 32 }`",
        "keyPair" => "write `keyPair: { publicVariable: NAME }`",
        _ => "write `certificate: { subject: NAME }`",
    }
}

/// What `type` of a service connection may be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ConnectionType {
    AzureResourceManager,
    DockerRegistry,
}

const CONNECTION_TYPES: &[(&str, ConnectionType)] =
    &[("azureResourceManager", ConnectionType::AzureResourceManager), ("dockerRegistry", ConnectionType::DockerRegistry)];

fn connection(node: &Node, principals: &[Principal], registries: &[Registry], problems: &mut Problems) -> Option<Named<Connection>> {
    let keys = ["name", "type", "registry", "adminUser", "principal", "credential", "wrongSecret"];
    let section = Section::of(node, "a service connection", &keys, problems)?;
    let name = section.required_text("name", problems);
    let leads_to = connection_kind(&section, registries, problems);
    if let Some(kind @ ConnectionKind::RegistryAdmin { .. }) = leads_to {
        for key in ["principal", "credential", "wrongSecret"].into_iter().filter(|key| section.has(key)) {
            problems.add(section.place, format!("`{key}` does not go with `adminUser: true` of a service connection"), "");
        }
        let name = name?;
        let (principal, credential) = (String::new(), CredentialKind::Secret);
        let value = Connection { name: name.value.clone(), principal, credential, wrong_secret: false, kind };
        return Some(Named { name, value, public_variables: Vec::new() });
    }
    let principal = section.required_text("principal", problems);
    let credential = section.required_text("credential", problems);
    let wrong_secret = section.flag("wrongSecret", false, problems);
    let signs_in_as = principal.as_ref().and_then(|principal| known_principal(principal, principals, problems));
    let kind = credential.as_ref().and_then(|credential| word(credential, "`credential` of a service connection", CREDENTIALS, problems));
    if let (Some(principal), Some(credential), Some(kind)) = (signs_in_as, &credential, kind)
        && !principal.credentials.contains(&kind)
    {
        let has: Vec<&str> = CREDENTIALS.iter().filter(|(_, kind)| principal.credentials.contains(kind)).map(|(word, _)| *word).collect();
        problems.add(
            &credential.place,
            format!("the principal `{}` has no credential `{}`", principal.name, credential.value),
            format!(
                "it has: {}; add to its `credentials`, or use one of them",
                if has.is_empty() { "none".to_owned() } else { has.join(", ") }
            ),
        );
    }
    if wrong_secret && kind.is_some_and(|kind| matches!(kind, CredentialKind::ExpiredSecret | CredentialKind::ManagedIdentity)) {
        problems.add(section.place, "`wrongSecret` goes with the credentials `secret`, `certificate` and `federated` only", "");
    }
    if let (Some(ConnectionKind::ContainerRegistry { .. }), Some(CredentialKind::Certificate), Some(credential)) =
        (&leads_to, kind, &credential)
    {
        let message = "a service connection to a registry cannot hold a certificate";
        problems.add(&credential.place, message, "use `secret`, `federated` or `managedIdentity`");
    }
    let (name, principal, credential, kind) = (name?, principal?, kind?, leads_to?);
    let value = Connection { name: name.value.clone(), principal: principal.value, credential, wrong_secret, kind };
    Some(Named { name, value, public_variables: Vec::new() })
}

/// What a service connection leads to: `type` and `registry`.
fn connection_kind(section: &Section<'_>, registries: &[Registry], problems: &mut Problems) -> Option<ConnectionKind> {
    let kind = match section.get("type") {
        None => Some(ConnectionType::AzureResourceManager),
        Some(_) => section.word("type", CONNECTION_TYPES, problems),
    };
    if kind == Some(ConnectionType::DockerRegistry) {
        let registry = section.required_text("registry", problems)?;
        let known = registries.iter().find(|known| known.name.eq_ignore_ascii_case(&registry.value));
        if known.is_none() {
            let names: Vec<&str> = registries.iter().map(|known| known.name.as_str()).collect();
            let hint = if names.is_empty() { "list it under `registries`".to_owned() } else { did_you_mean(&registry.value, &names) };
            problems.add(&registry.place, format!("unknown registry: `{}`", registry.value), hint);
        }
        let admin = section.flag("adminUser", false, problems);
        let known = known?;
        if admin && !known.admin_user {
            let hint = "give the registry `adminUser: true`, or name a `principal` and its `credential`";
            problems.add(&registry.place, format!("the registry `{}` has no admin user", known.name), hint);
        }
        let registry = known.name.clone();
        return Some(if admin { ConnectionKind::RegistryAdmin { registry } } else { ConnectionKind::ContainerRegistry { registry } });
    }
    for key in ["registry", "adminUser"].into_iter().filter(|key| kind.is_some() && section.has(key)) {
        problems.add(section.place, format!("`{key}` goes with `type: dockerRegistry` only"), "");
    }
    kind.map(|_| ConnectionKind::AzureResourceManager)
}

/// The principals that a key lists.
fn known_principals(section: &Section<'_>, key: &str, principals: &[Principal], problems: &mut Problems) -> Vec<String> {
    let names = section.texts(key, problems);
    for name in &names {
        known_principal(name, principals, problems);
    }
    names.into_iter().map(|name| name.value).collect()
}

fn known_principal<'a>(name: &At<String>, principals: &'a [Principal], problems: &mut Problems) -> Option<&'a Principal> {
    let found = principals.iter().find(|principal| principal.name == name.value);
    if found.is_none() {
        let names: Vec<&str> = principals.iter().map(|principal| principal.name.as_str()).collect();
        let hint = if names.is_empty() { "list it under `principals`".to_owned() } else { did_you_mean(&name.value, &names) };
        problems.add(&name.place, format!("unknown principal: `{}`", name.value), hint);
    }
    found
}

/// Seconds since 1970 of a day or a moment.
fn moment(section: &Section<'_>, key: &str, problems: &mut Problems) -> Option<i64> {
    let text = section.text(key, problems)?;
    let day = time::macros::format_description!("[year]-[month]-[day]");
    let moment = OffsetDateTime::parse(&text.value, &Rfc3339)
        .or_else(|_| Date::parse(&text.value, &day).map(|date| date.midnight().assume_utc()))
        .map(OffsetDateTime::unix_timestamp);
    if moment.is_err() {
        let message = format!("`{key}` must be a day or a moment, found `{}`", text.value);
        problems.add(&text.place, message, "for instance `2031-01-31` or `2031-01-31T12:00:00Z`");
    }
    moment.ok()
}
