use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// An image in a registry, named by its digest; shown as `registry/repository@sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageReference {
    /// Host of the registry, with its port where it has one: `contoso.azurecr.io`.
    pub registry: String,
    /// Repository in it: `shop/orders`.
    pub repository: String,
    /// Digest of the manifest or index.
    pub digest: Digest,
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}@{}", self.registry, self.repository, self.digest)
    }
}

/// Which image is which service's: `images.json`, written by ImagePublish and AcrPromote, read by AcrPromote and AksDeploy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageList {
    /// Version of this format. A reader refuses a higher one.
    pub schema: u32,
    /// The images in the order of the services' names, one for each service.
    pub images: Vec<ServiceImage>,
}

impl ImageList {
    /// The current value of [`ImageList::schema`].
    pub const SCHEMA: u32 = 1;

    /// A list without images.
    pub fn new() -> Self {
        Self { schema: Self::SCHEMA, images: Vec::new() }
    }

    /// Puts an image in, in place of the one that its service had.
    pub fn put(&mut self, image: ServiceImage) {
        self.images.retain(|other| other.service != image.service);
        let at = self.images.partition_point(|other| other.service < image.service);
        self.images.insert(at, image);
    }
}

impl Default for ImageList {
    fn default() -> Self {
        Self::new()
    }
}

/// The image of a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceImage {
    /// Name of the service: `orders`.
    pub service: String,
    /// Host of the registry: `contoso.azurecr.io`.
    pub registry: String,
    /// Repository in it: `shop/orders`.
    pub repository: String,
    /// Digest of the manifest or index.
    pub digest: Digest,
    /// Tags that were written for people. Nothing trusts them; that one was moved is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

impl ServiceImage {
    /// Where it lies.
    pub fn reference(&self) -> ImageReference {
        ImageReference { registry: self.registry.clone(), repository: self.repository.clone(), digest: self.digest.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(service: &str, byte: u8) -> ServiceImage {
        ServiceImage {
            service: service.to_owned(),
            registry: "contoso.azurecr.io".to_owned(),
            repository: format!("shop/{service}"),
            digest: Digest::from_sha256([byte; 32]),
            tags: Vec::new(),
        }
    }

    #[test]
    fn a_service_has_one_image_and_the_order_is_that_of_names() {
        let mut list = ImageList::new();
        for image in [image("shipping", 1), image("orders", 2), image("shipping", 3)] {
            list.put(image);
        }
        assert_eq!(list.images, [image("orders", 2), image("shipping", 3)]);
    }

    #[test]
    fn the_format_of_images_json() {
        let mut list = ImageList::new();
        list.put(image("orders", 0xab));
        let digest = format!("sha256:{}", "ab".repeat(32));
        let json = format!(
            r#"{{"schema":1,"images":[{{"service":"orders","registry":"contoso.azurecr.io","repository":"shop/orders","digest":"{digest}"}}]}}"#
        );
        assert_eq!(serde_json::to_string(&list).unwrap(), json);
        assert_eq!(serde_json::from_str::<ImageList>(&json).unwrap(), list);
        assert_eq!(list.images[0].reference().to_string(), format!("contoso.azurecr.io/shop/orders@{digest}"));
    }
}
