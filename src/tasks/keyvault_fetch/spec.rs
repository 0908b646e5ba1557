use slipway_agent::spec::{Category, DataSource, GroupSpec, InputKind, InputSpec, OutputVariableSpec, TaskSpec};

/// The table of the task.
pub const SPEC: TaskSpec = TaskSpec {
    id: "9a4159b1-c14f-4799-b7b7-96fd22a0c99e",
    name: "KeyVaultFetch",
    folder: "keyvault-fetch",
    friendly_name: "Fetch secrets from Azure Key Vault",
    description: "Reads secrets from a key vault and sets them as secret variables for the later steps of the job, all or none of them.",
    help_markdown: "One line for each variable: `VARIABLE = secret-name`, or `VARIABLE = secret-name@version` for one version. \
        The service connection needs the role *Key Vault Secrets User* on the vault (or an access policy with *get*).",
    category: Category::Utility,
    version: (1, 0, 0),
    instance_name_format: "Fetch secrets from $(keyVaultName)",
    groups: &[GroupSpec { name: "advanced", display_name: "Advanced", is_expanded: false }],
    inputs: &[
        InputSpec {
            name: "azureSubscription",
            aliases: &["ConnectedServiceName"],
            label: "Azure service connection",
            kind: InputKind::ConnectedService("AzureRM"),
            required: true,
            help: "Connection of type Azure Resource Manager. Every way to sign in works: workload identity federation (recommended), \
                service principal with secret or certificate, managed identity.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "keyVaultName",
            label: "Key vault",
            kind: InputKind::PickList,
            required: true,
            help: "Name of the vault, or its address. The list shows the vaults of the connection's subscription; a vault of another one can be typed.",
            properties: &[("EditableOptions", "True")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "secrets",
            label: "Secrets",
            kind: InputKind::MultiLine,
            required: true,
            help: "One line for each variable: `VARIABLE = secret-name`, or `VARIABLE = secret-name@version` (32 hexadecimal digits) to pin a version. \
                `#` begins a comment. The variables are secret: map them by name into the steps that need them (`env:`).",
            properties: &[("rows", "6"), ("resizable", "true")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "dryRun",
            label: "Dry run",
            kind: InputKind::Boolean,
            default: "false",
            help: "Prints the plan, signs in, and checks that the secrets are there (needs the permission *list*), without reading a value or setting a variable.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "onExpired",
            label: "When a secret has expired",
            kind: InputKind::PickList,
            default: "warn",
            group: Some("advanced"),
            help: "A vault serves a secret beyond its expiry date. `warn` sets it with a warning; `fail` fails the task.",
            options: &[("warn", "Warn"), ("fail", "Fail the task")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "timeoutInMinutes",
            label: "Time limit in minutes",
            default: "10",
            group: Some("advanced"),
            help: "The task fails when it takes longer. `0` is no limit.",
            ..InputSpec::DEFAULT
        },
    ],
    data_sources: &[DataSource {
        target: "keyVaultName",
        connection: "azureSubscription",
        endpoint_url: "{{{endpoint.url}}}/subscriptions/{{{endpoint.subscriptionId}}}/providers/Microsoft.KeyVault/vaults?api-version=2023-07-01",
        result_selector: "jsonpath:$.value[*]",
        result_template: "{\"Value\":\"{{{name}}}\",\"DisplayValue\":\"{{{name}}}\"}",
    }],
    output_variables: &[
        OutputVariableSpec { name: "fetchedCount", description: "Number of secrets that were set as variables." },
        OutputVariableSpec { name: "vaultUrl", description: "Address of the vault: `https://NAME.vault.azure.net/`." },
    ],
    // The names are the user's own; names that belong to the system are refused by the mapping.
    settable_variables: &["*"],
    release_notes: "First version.",
};
