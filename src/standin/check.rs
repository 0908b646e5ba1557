//! What of a configuration cannot be served. (`slipway.local.yml` is checked with places by whoever reads it; this is for
//! everybody else.)

use crate::config::{Config, ConnectionKind, CredentialKind};

/// All problems of `config`.
pub(crate) fn problems(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    let principal = |name: &String| config.principals.iter().find(|principal| principal.name == *name);
    let mut seen = Vec::new();
    let mut unique = |kind: &str, name: &str, problems: &mut Vec<String>| {
        let key = format!("{kind} {}", name.to_lowercase());
        if seen.contains(&key) {
            let kinds = kind.strip_suffix('y').map_or_else(|| format!("{kind}s"), |stem| format!("{stem}ies"));
            problems.push(format!("there are two {kinds} `{name}`"));
        }
        seen.push(key);
    };
    for principal in &config.principals {
        unique("principal", &principal.name, &mut problems);
    }
    for vault in &config.vaults {
        unique("vault", &vault.name, &mut problems);
        if !is_vault_name(&vault.name) {
            problems.push(format!(
                "`{}` is not the name of a vault: 3 to 24 letters, digits and hyphens are expected, a letter first",
                vault.name
            ));
        }
        for name in vault.readers.iter().chain(&vault.writers).filter(|name| principal(name).is_none()) {
            problems.push(format!("the vault `{}` names the principal `{name}`, which there is not", vault.name));
        }
        for secret in &vault.secrets {
            unique(&format!("secret of the vault `{}`, ", vault.name), &secret.name, &mut problems);
            if !(1..=127).contains(&secret.name.len()) || !secret.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                problems.push(format!("`{}` is not the name of a secret: 1 to 127 letters, digits and hyphens are expected", secret.name));
            }
        }
    }
    for registry in &config.registries {
        unique("registry", &registry.name, &mut problems);
        if !(5..=50).contains(&registry.name.len()) || !registry.name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            problems.push(format!("`{}` is not the name of a registry: 5 to 50 letters and digits are expected", registry.name));
        }
        for name in registry.pull.iter().chain(&registry.push).filter(|name| principal(name).is_none()) {
            problems.push(format!("the registry `{}` names the principal `{name}`, which there is not", registry.name));
        }
    }
    for connection in &config.connections {
        unique("service connection", &connection.name, &mut problems);
        if let Some(name) = connection.kind.registry() {
            let registry = config.registries.iter().find(|known| known.name.eq_ignore_ascii_case(name));
            let admin = matches!(connection.kind, ConnectionKind::RegistryAdmin { .. });
            match registry {
                None => {
                    problems.push(format!("the service connection `{}` names the registry `{name}`, which there is not", connection.name))
                }
                Some(registry) if admin && !registry.admin_user => problems
                    .push(format!("the service connection `{}` signs in as the admin user of `{name}`, which has none", connection.name)),
                Some(_) if !admin && connection.credential == CredentialKind::Certificate => problems.push(format!(
                    "the service connection `{}` to a registry signs in with a certificate, which such a connection cannot hold",
                    connection.name
                )),
                Some(_) => {}
            }
            if admin {
                continue;
            }
        }
        match principal(&connection.principal) {
            None => problems.push(format!(
                "the service connection `{}` names the principal `{}`, which there is not",
                connection.name, connection.principal
            )),
            Some(principal) if !principal.credentials.contains(&connection.credential) => problems.push(format!(
                "the service connection `{}` signs in with {} of `{}`, which has none",
                connection.name,
                described(connection.credential),
                connection.principal
            )),
            Some(_) => {}
        }
    }
    problems
}

fn described(credential: CredentialKind) -> &'static str {
    match credential {
        CredentialKind::Secret => "a client secret",
        CredentialKind::ExpiredSecret => "an expired client secret",
        CredentialKind::Certificate => "a certificate",
        CredentialKind::Federated => "a federated credential",
        CredentialKind::ManagedIdentity => "the managed identity",
    }
}

fn is_vault_name(name: &str) -> bool {
    (3..=24).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AccessModel, Connection, Principal, Registry, SecretSource, Vault, VaultSecret};

    #[test]
    fn all_problems_are_told() {
        let secret = VaultSecret {
            name: "under_score".to_owned(),
            source: SecretSource::Prompt,
            content_type: None,
            enabled: true,
            expires: None,
            not_before: None,
        };
        let vault = Vault {
            name: "x".to_owned(),
            resource_group: "group".to_owned(),
            access_model: AccessModel::Rbac,
            readers: vec!["nobody".to_owned()],
            writers: Vec::new(),
            firewall_refuses: false,
            secrets: vec![secret],
        };
        let ci = Principal { name: "ci".to_owned(), credentials: vec![CredentialKind::Secret] };
        let connection = |principal: &str, credential| Connection {
            name: "c".to_owned(),
            principal: principal.to_owned(),
            credential,
            wrong_secret: false,
            kind: ConnectionKind::AzureResourceManager,
        };
        let mut config = Config { principals: vec![ci], ..Config::default() };
        config.connections = vec![connection("ci", CredentialKind::Secret)];
        assert_eq!(problems(&config), Vec::<String>::new());

        config.vaults = vec![vault];
        config.connections = vec![connection("ci", CredentialKind::Federated), connection("cd", CredentialKind::Secret)];
        assert_eq!(
            problems(&config),
            [
                "`x` is not the name of a vault: 3 to 24 letters, digits and hyphens are expected, a letter first",
                "the vault `x` names the principal `nobody`, which there is not",
                "`under_score` is not the name of a secret: 1 to 127 letters, digits and hyphens are expected",
                "the service connection `c` signs in with a federated credential of `ci`, which has none",
                "there are two service connections `c`",
                "the service connection `c` names the principal `cd`, which there is not",
            ]
        );
    }

    #[test]
    fn registries_and_connections_to_them_are_checked() {
        let ci = Principal { name: "ci".to_owned(), credentials: vec![CredentialKind::Certificate] };
        let registry = |name: &str, push: &str| Registry {
            name: name.to_owned(),
            resource_group: "group".to_owned(),
            pull: Vec::new(),
            push: vec![push.to_owned()],
            admin_user: false,
        };
        let connection = |kind| Connection {
            name: "c".to_owned(),
            principal: "ci".to_owned(),
            credential: CredentialKind::Certificate,
            wrong_secret: false,
            kind,
        };
        let to = |registry: &str| ConnectionKind::ContainerRegistry { registry: registry.to_owned() };
        let admin = connection(ConnectionKind::RegistryAdmin { registry: "Shopprod".to_owned() });
        let mut config = Config { principals: vec![ci], registries: vec![registry("shopprod", "ci")], ..Config::default() };
        assert_eq!(problems(&config), Vec::<String>::new());
        config.registries.push(registry("ShopProd", "ci"));
        config.registries.push(registry("a-b", "cd"));
        config.connections = vec![connection(to("shopprod")), connection(to("other")), admin];
        assert_eq!(
            problems(&config),
            [
                "there are two registries `ShopProd`",
                "`a-b` is not the name of a registry: 5 to 50 letters and digits are expected",
                "the registry `a-b` names the principal `cd`, which there is not",
                "the service connection `c` to a registry signs in with a certificate, which such a connection cannot hold",
                "there are two service connections `c`",
                "the service connection `c` names the registry `other`, which there is not",
                "there are two service connections `c`",
                "the service connection `c` signs in as the admin user of `Shopprod`, which has none",
            ]
        );
    }
}
