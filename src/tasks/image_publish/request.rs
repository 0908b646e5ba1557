//! The inputs of the task, checked.

use std::path::PathBuf;

use slipway_agent::{Inputs, Variables};
use slipway_oci::{ImageSettings, Platform};

use crate::registry_access::{RegistryInputs, RegistryRequest};
use crate::{images_file, repository_name};

const REGISTRY: RegistryInputs = RegistryInputs {
    connection_type: "connectionType",
    azure_subscription: "azureSubscription",
    azure_container_registry: "azureContainerRegistry",
    container_registry: "containerRegistry",
};

/// What the inputs ask for.
pub(crate) struct Request {
    pub(crate) repository: String,
    pub(crate) service: String,
    pub(crate) folder: PathBuf,
    pub(crate) destination: String,
    pub(crate) settings: ImageSettings,
    pub(crate) base: Option<BaseReference>,
    pub(crate) tags: Vec<String>,
    pub(crate) images_file: PathBuf,
    pub(crate) dry_run: bool,
}

/// A base image as the input names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseReference {
    pub(crate) registry: String,
    pub(crate) repository: String,
    /// A tag or a digest.
    pub(crate) reference: String,
}

impl std::fmt::Display for BaseReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let separator = if self.reference.starts_with("sha256:") { '@' } else { ':' };
        write!(f, "{}/{}{separator}{}", self.registry, self.repository, self.reference)
    }
}

impl Request {
    pub(crate) fn read(inputs: &mut Inputs<'_>, variables: &Variables<'_>) -> (Self, RegistryRequest) {
        let registry = RegistryRequest::read(inputs, &REGISTRY);
        let repository = repository_name::repository(inputs, "repository");
        let service = inputs.text("service");
        let last = repository.rsplit('/').next().unwrap_or_default().to_owned();
        let settings = ImageSettings {
            entrypoint: inputs.lines("entryPoint"),
            cmd: inputs.lines("command"),
            env: pairs(inputs, "environment", true),
            user: inputs.text("user"),
            working_dir: absolute(inputs, "workingDirectory"),
            exposed_ports: ports(inputs),
            labels: pairs(inputs, "labels", false),
            platform: platform(inputs),
        };
        let destination = absolute(inputs, "destination");
        let images_file =
            images_file::written(inputs, variables, "imagesFile", ("images", "the file that says which image is which service's"));
        let base = base(inputs);
        if inputs.text("baseImage").is_empty() && settings.entrypoint.is_empty() && settings.cmd.is_empty() {
            inputs.refuse(
                "entryPoint",
                "nothing, and no base image that could have one",
                "the program that a container starts, such as `/app/orders`",
                "",
            );
        }
        let request = Self {
            service: if service.is_empty() { last } else { service },
            repository,
            folder: inputs.file_path("folder").unwrap_or_default(),
            destination,
            settings,
            base,
            tags: repository_name::tags(inputs, "tags"),
            images_file,
            dry_run: inputs.boolean("dryRun"),
        };
        (request, registry)
    }
}

/// `NAME=value` lines: environment variables, or labels, whose names may have more characters.
fn pairs(inputs: &mut Inputs<'_>, name: &str, variables: bool) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let names = if variables {
        "`NAME=value` on each line; a name has letters, digits and `_`, the first no digit"
    } else {
        "`name=value` on each line; a name has letters, digits and `.`, `_`, `-`, `/`"
    };
    for line in inputs.lines(name) {
        match line.split_once('=') {
            Some((key, value)) if is_key(key.trim(), variables) => {
                let key = key.trim();
                if pairs.iter().any(|(other, _)| other == key) {
                    inputs.refuse(name, format!("`{key}` more than once"), "each name once", "");
                } else {
                    pairs.push((key.to_owned(), value.trim().to_owned()));
                }
            }
            // Not the value: it may be what nobody should see.
            Some((key, _)) => inputs.refuse(name, format!("the name `{}`", key.trim()), names, ""),
            None => inputs.refuse(name, "a line without `=`", "`NAME=value` on each line", ""),
        }
    }
    pairs
}

fn is_key(key: &str, variables: bool) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || (!variables && matches!(c, '.' | '-' | '/'));
    !key.is_empty() && key.chars().all(legal) && !(variables && key.starts_with(|c: char| c.is_ascii_digit()))
}

/// A path in the image: absolute, without `..`.
fn absolute(inputs: &mut Inputs<'_>, name: &str) -> String {
    let path = inputs.text(name);
    if !path.is_empty() && (!path.starts_with('/') || path.split('/').any(|part| part == ".." || part == ".")) {
        inputs.refuse(name, format!("`{path}`"), "an absolute path in the image, such as `/app`", "");
    }
    path
}

fn ports(inputs: &mut Inputs<'_>) -> Vec<String> {
    let text = inputs.text("ports");
    let mut ports = Vec::new();
    for part in text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
        let (number, protocol) = part.split_once('/').unwrap_or((part, "tcp"));
        if number.parse::<u16>().is_ok_and(|number| number > 0) && matches!(protocol, "tcp" | "udp" | "sctp") {
            ports.push(format!("{number}/{protocol}"));
        } else {
            inputs.refuse("ports", format!("`{part}`"), "ports from 1 to 65535, separated by commas: `8080, 9090/udp`", "");
        }
    }
    ports
}

fn platform(inputs: &mut Inputs<'_>) -> Platform {
    let text = inputs.text("platform");
    text.parse().unwrap_or_else(|_| {
        inputs.refuse("platform", format!("`{text}`"), "`os/architecture`, such as `linux/amd64` or `linux/arm64`", "");
        Platform::default()
    })
}

/// `registry/repository:tag` or `registry/repository@digest`.
fn base(inputs: &mut Inputs<'_>) -> Option<BaseReference> {
    let text = inputs.text("baseImage");
    if text.is_empty() {
        return None;
    }
    let parsed = parse_base(&text);
    if parsed.is_none() {
        inputs.refuse(
            "baseImage",
            format!("`{text}`"),
            "an image with its registry: `registry.example.com/repository@sha256:…`, or `:tag` in place of the digest",
            "name the registry, also where it is Docker Hub: `docker.io/library/debian:12-slim`",
        );
    }
    parsed
}

fn parse_base(text: &str) -> Option<BaseReference> {
    let (registry, rest) = text.split_once('/')?;
    if !registry.contains(['.', ':']) {
        return None;
    }
    let (repository, reference) = match rest.split_once('@') {
        Some((name, digest)) => {
            digest.parse::<slipway_model::Digest>().ok()?;
            // A tag beside a digest is for people: the digest decides.
            (name.split(':').next().unwrap_or(name), digest)
        }
        None => rest.split_once(':').unwrap_or((rest, "latest")),
    };
    let good = repository_name::is_repository(repository) && (reference.starts_with("sha256:") || repository_name::is_tag(reference));
    let registry = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
    good.then(|| BaseReference { registry: registry.to_owned(), repository: repository.to_owned(), reference: reference.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_image_names_its_registry() {
        let base = |registry: &str, repository: &str, reference: &str| {
            Some(BaseReference { registry: registry.to_owned(), repository: repository.to_owned(), reference: reference.to_owned() })
        };
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(parse_base("docker.io/library/debian:12-slim"), base("registry-1.docker.io", "library/debian", "12-slim"));
        assert_eq!(parse_base(&format!("contoso.azurecr.io/base/run:v1@{digest}")), base("contoso.azurecr.io", "base/run", &digest));
        assert_eq!(parse_base("127.0.0.1:5000/base"), base("127.0.0.1:5000", "base", "latest"));
        for bad in
            ["debian:12", "library/debian", "contoso.azurecr.io/Base", "contoso.azurecr.io/base@sha256:00", "contoso.azurecr.io/base:a b"]
        {
            assert_eq!(parse_base(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_of_environment_variables_and_labels() {
        assert!(is_key("RUST_LOG", true) && !is_key("rust.log", true) && !is_key("1A", true) && !is_key("", true));
        assert!(is_key("org.opencontainers.image.title", false) && !is_key("a b", false));
    }
}
