//! A small world to begin from: vaults, principals and connections of every kind.

use slipway_tests::World;

/// Describes principals with every kind of credential, and vaults that refuse in every way.
pub(crate) const LOCAL: &str = "\
organization: contoso
project: shop
tenant: contoso
subscription: shop

principals:
- name: federated
  credentials: [federated]
- name: secret
  credentials: [secret]
- name: expired
  credentials: [expiredSecret]
- name: certificate
  credentials: [certificate]
- name: machine
  credentials: [managedIdentity]
- name: stranger
  credentials: [federated]

vaults:
- name: shop
  readers: [federated, secret, expired, certificate, machine]
  secrets:
  - name: planted
    generate:
      randomText:
        length: 40
  - name: second
    generate:
      randomText:
        length: 40
  - name: several-lines
    generate:
      certificate:
        subject: shop.example.com
- name: shop-policies
  access: accessPolicy
  readers: [federated]
  secrets:
  - name: planted
    generate:
      randomText:
        length: 40
- name: shop-walled
  firewall: refuse
  readers: [federated]
  secrets:
  - name: planted
    generate:
      randomText:
        length: 40

serviceConnections:
- name: shop
  principal: federated
  credential: federated
- name: by-secret
  principal: secret
  credential: secret
- name: by-wrong-secret
  principal: secret
  credential: secret
  wrongSecret: true
- name: by-expired-secret
  principal: expired
  credential: expiredSecret
- name: by-certificate
  principal: certificate
  credential: certificate
- name: by-machine
  principal: machine
  credential: managedIdentity
- name: stranger
  principal: stranger
  credential: federated

variableGroups:
- name: planted
  secrets:
  - name: GROUP_SECRET
    generate:
      randomText:
        length: 40
";

/// The end of a pipeline whose jobs have a secret of a variable group.
pub(crate) const GROUP: &str = "variables:\n- group: planted\n";

/// A pipeline that fetches `mapping` from `vault` through `connection`, then runs `script` with the planted secret.
pub(crate) fn fetch(connection: &str, vault: &str, mapping: &str) -> String {
    format!(
        "\
steps:
- checkout: none
- task: KeyVaultFetch@1
  displayName: Fetch
  inputs:
    azureSubscription: {connection}
    keyVaultName: {vault}
    secrets: |
      {}
- script: |
    echo \"the secret is $PLANTED\"
    echo \"it has ${{#PLANTED}} characters\"
  displayName: Use
  env:
    PLANTED: $(PLANTED)
{GROUP}",
        mapping.replace('\n', "\n      ")
    )
}

/// A world with [`LOCAL`] and this pipeline.
pub(crate) fn world(pipeline: &str) -> World {
    World::new(&[("slipway.local.yml", LOCAL), ("azure-pipelines.yml", pipeline)])
}
