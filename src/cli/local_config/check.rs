//! Rules that Azure has for names.

use super::At;
use super::section::Problems;

/// A part of a host name or a path: organization, tenant.
pub(super) fn label(name: &At<String>, key: &str, problems: &mut Problems) {
    let valid = !name.value.is_empty() && name.value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !name.value.starts_with('-');
    if !valid {
        problems.add(&name.place, format!("`{key}` may hold letters, digits and hyphens only, found `{}`", name.value), "");
    }
}

/// A principal's name: also that of the file from which it signs in.
pub(super) fn principal_name(name: &At<String>, problems: &mut Problems) {
    let text = &name.value;
    if text.is_empty() || text.starts_with('.') || text.contains('/') || text.contains(char::is_control) {
        problems.add(&name.place, format!("not a name that a principal can have: `{text}`"), "no `/`, and no `.` at the start");
    }
}

/// A key vault's name: part of a host name, 3 to 24 characters
/// (<https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules>, Microsoft.KeyVault/vaults).
pub(super) fn vault_name(name: &At<String>, problems: &mut Problems) {
    let text = &name.value;
    let valid = (3..=24).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !text.ends_with('-')
        && !text.contains("--");
    if !valid {
        let rule = "3 to 24 letters, digits and single hyphens; the first is a letter, the last no hyphen";
        problems.add(&name.place, format!("not a name that a key vault can have: `{text}`"), rule);
    }
}

/// A container registry's name: part of a host name, 5 to 50 letters and digits (same source:
/// Microsoft.ContainerRegistry/registries).
pub(super) fn registry_name(name: &At<String>, problems: &mut Problems) {
    let text = &name.value;
    if !((5..=50).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric())) {
        problems.add(&name.place, format!("not a name that a registry can have: `{text}`"), "5 to 50 letters and digits");
    }
}

/// A secret's name (same source: Microsoft.KeyVault/vaults/secrets).
pub(super) fn secret_name(name: &At<String>, problems: &mut Problems) {
    let text = &name.value;
    if !((1..=127).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')) {
        problems.add(&name.place, format!("not a name that a secret can have: `{text}`"), "1 to 127 letters, digits and hyphens");
    }
}

/// A pipeline variable's name, as the editor of Azure DevOps takes it.
pub(super) fn variable(name: &At<String>, problems: &mut Problems) {
    let text = &name.value;
    if text.is_empty()
        || !text.chars().all(|c| c.is_ascii_alphanumeric() || "._".contains(c))
        || text.starts_with(|c: char| c.is_ascii_digit())
    {
        problems.add(
            &name.place,
            format!("not a name that a variable can have: `{text}`"),
            "letters, digits, `.` and `_`; the first is no digit",
        );
    }
}
