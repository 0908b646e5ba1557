/// The name of an image in a manifest, without tag and digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ImageName<'a> {
    /// Host of the registry, where the name has one.
    pub(super) registry: Option<&'a str>,
    /// Path of the repository.
    pub(super) path: &'a str,
}

impl<'a> ImageName<'a> {
    /// As the reference grammar has it: what comes before the first `/` is a registry if it has a dot or a port, or is `localhost`.
    pub(super) fn parse(text: &'a str) -> Self {
        let name = text.split_once('@').map_or(text, |(name, _)| name);
        let (registry, path) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first), rest),
            _ => (None, name),
        };
        // A colon after the registry begins the tag.
        Self { registry, path: path.split_once(':').map_or(path, |(path, _)| path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registry_and_path_of_an_image() {
        let digest = "@sha256:0000000000000000000000000000000000000000000000000000000000000000";
        let pinned = format!("host:5000/a/b:1{digest}");
        for (text, registry, path) in [
            ("orders", None, "orders"),
            ("orders:1", None, "orders"),
            ("shop/orders", None, "shop/orders"),
            ("shop/orders:1.2", None, "shop/orders"),
            ("contoso.azurecr.io/shop/orders", Some("contoso.azurecr.io"), "shop/orders"),
            // Azure/k8s-deploy takes the name of this one for `host`.
            ("host:5000/app:1", Some("host:5000"), "app"),
            ("localhost/app", Some("localhost"), "app"),
            (&pinned, Some("host:5000"), "a/b"),
        ] {
            assert_eq!(ImageName::parse(text), ImageName { registry, path }, "{text}");
        }
    }
}
