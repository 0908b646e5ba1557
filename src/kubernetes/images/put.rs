use std::collections::BTreeMap;

use serde_json::Value;
use slipway_model::{ImageList, ImageReference, ServiceImage};

use super::containers::containers;
use super::name::ImageName;
use crate::problem::{Problem, Problems, unless};
use crate::{Object, ObjectName, Place};

/// What [`put`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// Images that were put in place, in the order of the manifests.
    pub replaced: Vec<Replacement>,
    /// Images of containers that are none of the delivery's, and were left as they are.
    pub others: Vec<ContainerImage>,
}

/// An image that was put in place of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// Where, and what was there.
    pub container: ContainerImage,
    /// Name of the service whose image it is.
    pub service: String,
    /// What is there now.
    pub image: ImageReference,
}

/// The image of a container, as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerImage {
    /// Where it stands.
    pub place: Place,
    /// The object.
    pub object: ObjectName,
    /// Name of the container; empty where the manifest gives none.
    pub container: String,
    /// The image.
    pub image: String,
}

/// Puts the images of a delivery into the containers of objects, by digest.
///
/// # Errors
/// Two services whose images have the same path, since no manifest could tell them apart; an image that no container has.
/// Nothing is changed then.
pub fn put(objects: &mut [Object], images: &ImageList) -> Result<Images, Problems> {
    let by_path = by_path(images)?;
    let mut replaced = Vec::new();
    let mut others = Vec::new();
    // What is to be changed: the object's number, the JSON pointer, the image.
    let mut changes = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        for pointer in containers(object) {
            let pointer_of_image = format!("{pointer}/image");
            // A container without an image, or with something else there, is for the API server to refuse.
            let Some(Value::String(image)) = object.value.pointer(&pointer_of_image) else { continue };
            let name = object.value.pointer(&format!("{pointer}/name")).and_then(Value::as_str).unwrap_or_default();
            let container = ContainerImage {
                place: object.place_of(&pointer_of_image),
                object: object.name.clone(),
                container: name.to_owned(),
                image: image.clone(),
            };
            match by_path.get(ImageName::parse(image).path) {
                Some(wanted) => {
                    changes.push((number, pointer_of_image, wanted.reference()));
                    replaced.push(Replacement { container, service: wanted.service.clone(), image: wanted.reference() });
                }
                None => others.push(container),
            }
        }
    }
    let found = Images { replaced, others };
    let unmatched = images.images.iter().filter(|image| !found.replaced.iter().any(|done| done.service == image.service));
    let unmatched: Vec<_> = unmatched.map(|image| format!("`{}` (repository `{}`)", image.service, image.repository)).collect();
    if !unmatched.is_empty() {
        return Err(Problems(vec![nowhere(&unmatched.join(", "), &found)]));
    }
    for (number, pointer, image) in changes {
        if let Some(value) = objects.get_mut(number).and_then(|object| object.value.pointer_mut(&pointer)) {
            *value = image.to_string().into();
        }
    }
    Ok(found)
}

fn by_path(images: &ImageList) -> Result<BTreeMap<&str, &ServiceImage>, Problems> {
    let mut by_path: BTreeMap<&str, &ServiceImage> = BTreeMap::new();
    let mut problems = Vec::new();
    for image in &images.images {
        match by_path.get(image.repository.as_str()) {
            Some(first) => {
                let message = format!(
                    "the services `{}` and `{}` have images with the same repository path `{}`, so a manifest cannot say which it means",
                    first.service, image.service, image.repository
                );
                problems.push(Problem::new(None, message, "publish each service's image to a repository of its own"));
            }
            None => {
                by_path.insert(&image.repository, image);
            }
        }
    }
    unless(problems, by_path)
}

/// The images of services are in no container.
fn nowhere(services: &str, found: &Images) -> Problem {
    let mut known: Vec<_> = found.replaced.iter().map(|done| &done.container).chain(&found.others).collect();
    known.sort_by_key(|container| &container.place);
    let known: Vec<_> = known.iter().map(|container| format!("`{}` ({})", container.image, container.place)).collect();
    let hint = match known.as_slice() {
        [] => "the manifests have no container at all; add the workloads to them".to_owned(),
        known => format!("the containers have {}; correct these, or leave the services out of the list of images", known.join(", ")),
    };
    Problem::new(None, format!("no container has the image of {services}, in whichever registry"), hint)
}

#[cfg(test)]
mod tests {
    use slipway_model::Digest;

    use super::*;
    use crate::{Source, manifests};

    fn list(images: &[(&str, &str)]) -> ImageList {
        let image = |(at, (service, repository)): (usize, &(&str, &str))| ServiceImage {
            service: (*service).to_owned(),
            registry: "contoso.azurecr.io".to_owned(),
            repository: (*repository).to_owned(),
            digest: Digest::from_sha256([u8::try_from(at).unwrap(); 32]),
            tags: Vec::new(),
        };
        ImageList { schema: 1, images: images.iter().enumerate().map(image).collect() }
    }

    fn objects(text: &str) -> Vec<Object> {
        manifests::parse(&[Source::new("a.yaml", text)]).unwrap()
    }

    #[test]
    fn every_container_of_every_kind_gets_its_image() {
        // The path of the pod's specification in each kind; the last two are KEDA's ScaledJob and an Argo Rollout.
        let kinds = [
            ("v1", "Pod", "spec"),
            ("v1", "PodTemplate", "template: {spec"),
            ("v1", "ReplicationController", "spec: {template: {spec"),
            ("apps/v1", "Deployment", "spec: {template: {spec"),
            ("apps/v1", "StatefulSet", "spec: {template: {spec"),
            ("apps/v1", "DaemonSet", "spec: {template: {spec"),
            ("apps/v1", "ReplicaSet", "spec: {template: {spec"),
            ("batch/v1", "Job", "spec: {template: {spec"),
            ("batch/v1", "CronJob", "spec: {jobTemplate: {spec: {template: {spec"),
            ("keda.sh/v1alpha1", "ScaledJob", "spec: {jobTargetRef: {template: {spec"),
            ("argoproj.io/v1alpha1", "Rollout", "spec: {template: {spec"),
        ];
        for (version, kind, path) in kinds {
            let pod = "{initContainers: [{name: a, image: shop/orders}], containers: [{name: b, image: 'old.io:5000/shop/orders:1'}, {name: c, image: redis}], ephemeralContainers: [{name: d, image: x.io/shop/orders@sha256:1}]}";
            let close = "}".repeat(path.matches('{').count());
            let mut objects = objects(&format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\n{path}: {pod}{close}\n"));
            let images = put(&mut objects, &list(&[("orders", "shop/orders")])).unwrap();
            let replaced: Vec<_> = images.replaced.iter().map(|done| done.container.container.as_str()).collect();
            assert_eq!(replaced, ["a", "b", "d"], "{kind}");
            assert_eq!(images.others.iter().map(|other| other.image.as_str()).collect::<Vec<_>>(), ["redis"], "{kind}");
            let text = objects[0].value.to_string();
            let by_digest = format!("\"contoso.azurecr.io/shop/orders@{}\"", Digest::from_sha256([0; 32]));
            assert_eq!((text.matches(&by_digest).count(), text.matches("shop/orders").count()), (3, 3), "{kind}: {text}");
        }
    }

    const TWO: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: orders}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: shop/orders:dev\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: shipping, namespace: shop}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: &image\n            localhost:5000/shop/shipping\n        - name: second\n          image: *image\n";

    #[test]
    fn what_was_put_where_is_told_for_the_plan() {
        let mut objects = objects(TWO);
        let images = put(&mut objects, &list(&[("orders", "shop/orders"), ("shipping", "shop/shipping")])).unwrap();
        let outline: Vec<_> = images
            .replaced
            .iter()
            .map(|Replacement { container: at, service, image }| {
                format!("{}: {}, container {}: {} -> {service}: {}", at.place, at.object, at.container, at.image, &image.to_string()[..43])
            })
            .collect();
        insta::assert_snapshot!(outline.join("\n"), @"
        a.yaml:9: Deployment/orders, container web: shop/orders:dev -> orders: contoso.azurecr.io/shop/orders@sha256:00000
        a.yaml:19: Deployment/shipping in the namespace shop, container web: localhost:5000/shop/shipping -> shipping: contoso.azurecr.io/shop/shipping@sha256:010
        a.yaml:22: Deployment/shipping in the namespace shop, container second: localhost:5000/shop/shipping -> shipping: contoso.azurecr.io/shop/shipping@sha256:010
        ");
    }

    #[test]
    fn an_image_that_no_container_has_is_a_mistake_and_nothing_is_changed() {
        let mut objects = objects(TWO);
        let before = objects.clone();
        let missing = list(&[("order", "shop/order"), ("orders", "shop/orders"), ("upper", "Shop/orders"), ("web", "orders")]);
        insta::assert_snapshot!(put(&mut objects, &missing).unwrap_err(), @"
        no container has the image of `order` (repository `shop/order`), `upper` (repository `Shop/orders`), `web` (repository `orders`), in whichever registry
          the containers have `shop/orders:dev` (a.yaml:9), `localhost:5000/shop/shipping` (a.yaml:19), `localhost:5000/shop/shipping` (a.yaml:22); correct these, or leave the services out of the list of images
        ");
        assert_eq!(objects, before);
        let mut none = self::objects("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {image: shop/orders}\n");
        insta::assert_snapshot!(put(&mut none, &list(&[("orders", "shop/orders")])).unwrap_err(), @"
        no container has the image of `orders` (repository `shop/orders`), in whichever registry
          the manifests have no container at all; add the workloads to them
        ");
    }

    #[test]
    fn two_services_with_the_same_path_are_refused() {
        let same = list(&[("orders", "shop/orders"), ("copy", "shop/orders")]);
        insta::assert_snapshot!(put(&mut objects(TWO), &same).unwrap_err(), @"
        the services `orders` and `copy` have images with the same repository path `shop/orders`, so a manifest cannot say which it means
          publish each service's image to a repository of its own
        ");
    }
}
