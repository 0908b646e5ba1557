//! Azure Resource Manager: enough to sign in with `az`, and to find a vault or a container registry. Every principal of the tenant may read the
//! subscription.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::config::{AccessModel, Principal, Registry, Vault};
use crate::directory::{Directory, REGION, login_server};
use crate::exchange::{Answer, Request};
use crate::world::{TokenProblem, World};

pub(crate) const HOST: &str = "management.azure.com";

const AUDIENCES: &[&str] = &["https://management.core.windows.net", "https://management.azure.com"];

const VAULTS: &str = "Microsoft.KeyVault/vaults";

const REGISTRIES: &str = "Microsoft.ContainerRegistry/registries";

/// Answers a request; `None` for what is not simulated.
pub(crate) fn answer(world: &World, request: &Request) -> Option<Answer> {
    let segments = request.segments();
    let lower: Vec<_> = segments.iter().map(|segment| segment.to_lowercase()).collect();
    let lower: Vec<_> = lower.iter().map(String::as_str).collect();
    if let (&Method::GET, ["metadata", "endpoints"]) = (&request.method, &lower[..]) {
        return Some(dress(Answer::json(StatusCode::OK, &metadata()), request));
    }
    let caller = match world.caller(request.bearer(), AUDIENCES, request.twists.tokens_expired) {
        Ok(caller) => caller,
        Err(problem) => return Some(dress(unauthorized(world, &problem), request)),
    };
    if request.query("api-version").is_none_or(str::is_empty) {
        let message = "The api-version query parameter (?api-version=) is required for all requests.";
        return Some(dress(error(StatusCode::BAD_REQUEST, "MissingApiVersionParameter", message), request));
    }
    if let (&Method::POST, [.., "registries", name, "listcredentials"]) = (&request.method, &lower[..]) {
        let Some(registry) = world.directory.registry(name).filter(|registry| is_at(&world.directory, registry, &lower)) else {
            return Some(dress(not_found(REGISTRIES, name, lower.get(3).copied().unwrap_or_default()), request));
        };
        return Some(dress(credentials(world, caller.principal, registry), request));
    }
    Some(dress(route(&world.directory, request, &lower)?, request))
}

/// A refusal that was ordered.
pub(crate) fn refuse(world: &World, request: &Request) -> Answer {
    let caller = world.caller(request.bearer(), AUDIENCES, false).ok();
    let (client, object) = caller.map(|caller| (caller.application_id, caller.object_id)).unwrap_or_default();
    let message = format!(
        "The client '{client}' with object id '{object}' does not have authorization to perform action '{}' over scope '{}' or the scope is \
         invalid. If access was recently granted, please refresh your credentials.",
        if request.method == Method::GET { "read" } else { "write" },
        request.path
    );
    dress(error(StatusCode::FORBIDDEN, "AuthorizationFailed", &message), request)
}

/// 429.
pub(crate) fn throttle(request: &Request) -> Answer {
    let message = "Number of requests for subscription exceeded the limit. Please try again after some time.";
    dress(error(StatusCode::TOO_MANY_REQUESTS, "SubscriptionRequestsThrottled", message), request)
}

fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "code": code, "message": message } }))
}

fn dress(answer: Answer, request: &Request) -> Answer {
    let id = uuid::Uuid::new_v4().to_string();
    let correlation = request.header("x-ms-correlation-request-id").unwrap_or(&id).to_owned();
    answer
        .with("cache-control", "no-cache")
        .with("x-ms-correlation-request-id", &correlation)
        .with("x-ms-routing-request-id", &format!("WESTEUROPE:{id}"))
        .with("x-ms-ratelimit-remaining-subscription-reads", "249")
        .with_request_ids(request)
}

fn unauthorized(world: &World, problem: &TokenProblem) -> Answer {
    let (code, message) = match problem {
        TokenProblem::Missing => ("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.".to_owned()),
        TokenProblem::Invalid(reason) => ("InvalidAuthenticationToken", format!("The access token is invalid: {reason}.")),
        TokenProblem::Issuer(found) => (
            "InvalidAuthenticationTokenTenant",
            format!(
                "The access token is from the wrong issuer '{found}'. It must match the tenant '{}' associated with this subscription.",
                world.directory.token_issuer()
            ),
        ),
        TokenProblem::Audience(found) => (
            "InvalidAuthenticationTokenAudience",
            format!(
                "The access token has been obtained for wrong audience or resource '{found}'. It should exactly match with one of the \
                 allowed audiences 'https://management.core.windows.net/','https://management.core.windows.net',\
                 'https://management.azure.com/','https://management.azure.com'."
            ),
        ),
        TokenProblem::Expired(at) => (
            "ExpiredAuthenticationToken",
            format!("The access token expiry UTC time '{at}' is earlier than current UTC time '{}'.", world.seconds()),
        ),
    };
    let challenge =
        format!("Bearer authorization_uri=\"https://login.microsoftonline.com/{}\", error=\"invalid_token\"", world.directory.tenant_id);
    error(StatusCode::UNAUTHORIZED, code, &message).with("www-authenticate", &challenge)
}

fn list(values: Vec<Value>) -> Answer {
    Answer::json(StatusCode::OK, &json!({ "value": values }))
}

/// `path` is in lower case: names ignore case here.
fn route(directory: &Directory, request: &Request, path: &[&str]) -> Option<Answer> {
    if request.method != Method::GET {
        return None;
    }
    match path {
        ["tenants"] => return Some(list(vec![tenant(directory)])),
        ["subscriptions"] => return Some(list(vec![subscription(directory)])),
        _ => {}
    }
    let ["subscriptions", id, rest @ ..] = path else { return None };
    if *id != directory.subscription_id {
        return Some(error(StatusCode::NOT_FOUND, "SubscriptionNotFound", &format!("The subscription '{id}' could not be found.")));
    }
    let config = &directory.config;
    Some(match rest {
        [] => Answer::json(StatusCode::OK, &subscription(directory)),
        ["resourcegroups"] => list(groups(directory).iter().map(|group| resource_group(directory, group)).collect()),
        ["resources"] => list(resources(directory, request)?),
        ["providers", "microsoft.keyvault", "vaults"] => list(config.vaults.iter().map(|vault| vault_resource(directory, vault)).collect()),
        ["providers", "microsoft.keyvault", "deletedvaults"] => list(Vec::new()),
        ["providers", "microsoft.containerregistry", "registries"] => {
            list(config.registries.iter().map(|registry| registry_resource(directory, registry)).collect())
        }
        ["resourcegroups", group, rest @ ..] => {
            let Some(group) = groups(directory).into_iter().find(|known| known.eq_ignore_ascii_case(group)) else {
                return Some(error(
                    StatusCode::NOT_FOUND,
                    "ResourceGroupNotFound",
                    &format!("Resource group '{group}' could not be found."),
                ));
            };
            let mut vaults = config.vaults.iter().filter(|vault| vault.resource_group.eq_ignore_ascii_case(group));
            let mut registries = config.registries.iter().filter(|registry| registry.resource_group.eq_ignore_ascii_case(group));
            match rest {
                [] => Answer::json(StatusCode::OK, &resource_group(directory, group)),
                ["providers", "microsoft.keyvault", "vaults"] => list(vaults.map(|vault| vault_resource(directory, vault)).collect()),
                ["providers", "microsoft.keyvault", "vaults", name] => {
                    let Some(vault) = vaults.find(|vault| vault.name.eq_ignore_ascii_case(name)) else {
                        return Some(not_found(VAULTS, name, group));
                    };
                    Answer::json(StatusCode::OK, &vault_resource(directory, vault))
                }
                ["providers", "microsoft.containerregistry", "registries"] => {
                    list(registries.map(|registry| registry_resource(directory, registry)).collect())
                }
                ["providers", "microsoft.containerregistry", "registries", name] => {
                    let Some(registry) = registries.find(|registry| registry.name.eq_ignore_ascii_case(name)) else {
                        return Some(not_found(REGISTRIES, name, group));
                    };
                    Answer::json(StatusCode::OK, &registry_resource(directory, registry))
                }
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn not_found(kind: &str, name: &str, group: &str) -> Answer {
    let message = format!(
        "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to \
         https://aka.ms/ARMResourceNotFoundFix"
    );
    error(StatusCode::NOT_FOUND, "ResourceNotFound", &message)
}

/// A resource, as lists of all kinds show it.
struct Resource<'a> {
    kind: &'static str,
    name: &'a str,
    group: &'a str,
    id: String,
}

fn all_resources(directory: &Directory) -> Vec<Resource<'_>> {
    let vaults = directory.config.vaults.iter().map(|vault| Resource {
        kind: VAULTS,
        name: &vault.name,
        group: &vault.resource_group,
        id: directory.vault_id(vault),
    });
    let registries = directory.config.registries.iter().map(|registry| Resource {
        kind: REGISTRIES,
        name: &registry.name,
        group: &registry.resource_group,
        id: directory.registry_id(registry),
    });
    vaults.chain(registries).collect()
}

/// The resource groups, each once.
fn groups(directory: &Directory) -> Vec<&str> {
    let mut groups: Vec<&str> = Vec::new();
    for resource in all_resources(directory) {
        if !groups.iter().any(|known| known.eq_ignore_ascii_case(resource.group)) {
            groups.push(resource.group);
        }
    }
    groups
}

/// The resources that `$filter` leaves; `None` for a filter that is not simulated.
fn resources(directory: &Directory, request: &Request) -> Option<Vec<Value>> {
    let mut resources = all_resources(directory);
    if let Some(filter) = request.query("$filter") {
        let filter = filter.to_lowercase();
        for term in filter.split(" and ") {
            let (field, value) = term.split_once(" eq ")?;
            let value = value.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            match field.trim() {
                "resourcetype" => resources.retain(|resource| resource.kind.eq_ignore_ascii_case(value)),
                "name" => resources.retain(|resource| resource.name.eq_ignore_ascii_case(value)),
                "resourcegroup" => resources.retain(|resource| resource.group.eq_ignore_ascii_case(value)),
                _ => return None,
            }
        }
    }
    let shown =
        |resource: Resource<'_>| json!({ "id": resource.id, "name": resource.name, "type": resource.kind, "location": REGION, "tags": {} });
    Some(resources.into_iter().map(shown).collect())
}

/// Whether a path, in lower case, is below a registry.
fn is_at(directory: &Directory, registry: &Registry, path: &[&str]) -> bool {
    let id = directory.registry_id(registry).to_lowercase();
    path[..path.len() - 1].iter().copied().eq(id.split('/').filter(|segment| !segment.is_empty()))
}

/// The passwords of the admin user, for who may push.
fn credentials(world: &World, caller: &Principal, registry: &Registry) -> Answer {
    let id = world.directory.registry_id(registry);
    if !registry.push.contains(&caller.name) {
        let message = format!(
            "The client '{}' with object id '{}' does not have authorization to perform action \
             'Microsoft.ContainerRegistry/registries/listCredentials/action' over scope '{id}' or the scope is invalid. If access was \
             recently granted, please refresh your credentials.",
            world.directory.application_id(&caller.name),
            world.directory.object_id(&caller.name)
        );
        return error(StatusCode::FORBIDDEN, "AuthorizationFailed", &message);
    }
    let store = world.store();
    let passwords = store.registry_passwords(&registry.name).filter(|_| registry.admin_user);
    let Some([first, second, ..]) = passwords else {
        let message = format!(
            "Cannot perform credential operations for {id} as admin user is disabled. Kindly enable admin user as per docs: \
             https://docs.microsoft.com/en-us/azure/container-registry/container-registry-authentication#admin-account"
        );
        return error(StatusCode::BAD_REQUEST, "UnAuthorizedForCredentialOperations", &message);
    };
    let passwords = [("password", first), ("password2", second)].map(|(name, value)| json!({ "name": name, "value": value.expose() }));
    Answer::json(StatusCode::OK, &json!({ "username": registry.name, "passwords": passwords }))
}

fn tenant(directory: &Directory) -> Value {
    json!({
        "id": format!("/tenants/{}", directory.tenant_id),
        "tenantId": directory.tenant_id,
        "displayName": directory.config.tenant,
        "defaultDomain": directory.domain(),
        "domains": [directory.domain()],
        "tenantCategory": "Home",
        "tenantType": "AAD",
        "countryCode": "NL",
    })
}

fn subscription(directory: &Directory) -> Value {
    json!({
        "id": format!("/subscriptions/{}", directory.subscription_id),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": directory.subscription_id,
        "tenantId": directory.tenant_id,
        "displayName": directory.config.subscription,
        "state": "Enabled",
        "subscriptionPolicies": { "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off" },
    })
}

fn resource_group(directory: &Directory, name: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{}/resourceGroups/{name}", directory.subscription_id),
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": REGION,
        "properties": { "provisioningState": "Succeeded" },
    })
}

fn vault_resource(directory: &Directory, vault: &Vault) -> Value {
    let by_name = |name: &String| directory.config.principals.iter().find(|principal| principal.name == *name);
    let policy = |principal: &Principal, permissions: &[&str]| {
        json!({
            "tenantId": directory.tenant_id,
            "objectId": directory.object_id(&principal.name),
            "permissions": { "keys": [], "secrets": permissions, "certificates": [], "storage": [] },
        })
    };
    let policies: Vec<_> = match vault.access_model {
        AccessModel::Rbac => Vec::new(),
        AccessModel::AccessPolicy => {
            let readers = vault.readers.iter().filter(|name| !vault.writers.contains(name)).filter_map(by_name);
            let writers = vault.writers.iter().filter_map(by_name);
            let writes = ["get", "list", "set", "delete", "recover", "purge"];
            readers
                .map(|principal| policy(principal, &["get", "list"]))
                .chain(writers.map(|principal| policy(principal, &writes)))
                .collect()
        }
    };
    json!({
        "id": directory.vault_id(vault),
        "name": vault.name,
        "type": "Microsoft.KeyVault/vaults",
        "location": REGION,
        "tags": {},
        "properties": {
            "sku": { "family": "A", "name": "standard" },
            "tenantId": directory.tenant_id,
            "accessPolicies": policies,
            "enabledForDeployment": false,
            "enableSoftDelete": true,
            "softDeleteRetentionInDays": crate::store::RECOVERABLE_DAYS,
            "enableRbacAuthorization": vault.access_model == AccessModel::Rbac,
            "networkAcls": { "bypass": "AzureServices", "defaultAction": if vault.firewall_refuses { "Deny" } else { "Allow" }, "ipRules": [], "virtualNetworkRules": [] },
            "publicNetworkAccess": "Enabled",
            "vaultUri": format!("https://{}{}/", vault.name, crate::keyvault::SUFFIX),
            "provisioningState": "Succeeded",
        },
    })
}

fn registry_resource(directory: &Directory, registry: &Registry) -> Value {
    json!({
        "id": directory.registry_id(registry),
        "name": registry.name,
        "type": REGISTRIES,
        "location": REGION,
        "tags": {},
        "sku": { "name": "Premium", "tier": "Premium" },
        "properties": {
            "loginServer": login_server(&registry.name),
            "creationDate": "2026-01-01T00:00:00.0000000Z",
            "provisioningState": "Succeeded",
            "adminUserEnabled": registry.admin_user,
            "policies": {
                "quarantinePolicy": { "status": "disabled" },
                "trustPolicy": { "type": "Notary", "status": "disabled" },
                "retentionPolicy": { "days": 7, "status": "disabled" },
                "exportPolicy": { "status": "enabled" },
                "azureADAuthenticationAsArmPolicy": { "status": "enabled" },
                "softDeletePolicy": { "retentionDays": 7, "status": "disabled" },
            },
            "encryption": { "status": "disabled" },
            "dataEndpointEnabled": false,
            "dataEndpointHostNames": [],
            "privateEndpointConnections": [],
            "publicNetworkAccess": "Enabled",
            "networkRuleBypassOptions": "AzureServices",
            "zoneRedundancy": "Disabled",
            "anonymousPullEnabled": false,
            "roleAssignmentMode": "LegacyRegistryPermissions",
        },
    })
}

/// What the cloud consists of: `az cloud register` and other clients ask.
fn metadata() -> Value {
    json!([{
        "name": "AzureCloud",
        "portal": "https://portal.azure.com",
        "resourceManager": "https://management.azure.com/",
        "authentication": {
            "loginEndpoint": "https://login.microsoftonline.com",
            "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graph": "https://graph.windows.net/",
        "graphAudience": "https://graph.windows.net/",
        "microsoftGraphResourceId": "https://graph.microsoft.com/",
        "suffixes": {
            "keyVaultDns": "vault.azure.net",
            "acrLoginServer": "azurecr.io",
            "storage": "core.windows.net",
            "mhsmDns": "managedhsm.azure.net",
            "sqlServerHostname": "database.windows.net",
        },
    }])
}
