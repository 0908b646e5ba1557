//! From a folder of manifests to the objects that are to be applied, as a task goes that way.

use std::fs;

use serde_json::json;
use slipway_kubernetes::{images, manifests, order, template};
use slipway_model::{Digest, ImageList, ServiceImage};

const DEPLOYMENT: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  replicas: {{replicas}}
  template:
    metadata:
      labels: {app: orders, version: "{{version}}"}
    spec:
      containers:
        - name: web
          image: staging.azurecr.io/shop/orders:dev
          unknownField: {deep: [1.50, 0777, yes, null, "yes"]}
"#;

const ALERTS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: alerts}\ndata:\n  rule: \"{{ $labels.job }} <&> {{ .Value }}\"\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";

#[test]
fn a_folder_becomes_objects_in_order_with_images_by_digest() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("k8s")).unwrap();
    fs::write(folder.path().join("k8s/a-orders.hbs.yaml"), DEPLOYMENT).unwrap();
    fs::write(folder.path().join("k8s/b-alerts.yaml"), ALERTS).unwrap();
    let values = json!({"replicas": 3, "version": "1.10"});

    let sources = manifests::files(&[folder.path().join("k8s")], folder.path()).unwrap();
    let sources = template::render(sources, values.as_object().unwrap()).unwrap();
    let mut objects = manifests::parse(&sources).unwrap();
    let mut list = ImageList::new();
    let digest = Digest::from_sha256([0xab; 32]);
    list.put(ServiceImage {
        service: "orders".to_owned(),
        registry: "production.azurecr.io".to_owned(),
        repository: "shop/orders".to_owned(),
        digest: digest.clone(),
        tags: Vec::new(),
    });
    let put = images::put(&mut objects, &list).unwrap();
    order::sort(&mut objects);

    let names: Vec<_> = objects.iter().map(|object| format!("{} at {}", object.name, object.place)).collect();
    assert_eq!(
        names,
        [
            "Namespace/shop at k8s/b-alerts.yaml:7",
            "ConfigMap/alerts at k8s/b-alerts.yaml:1",
            "Deployment/orders at k8s/a-orders.hbs.yaml:1"
        ]
    );
    assert_eq!(put.replaced[0].container.place.to_string(), "k8s/a-orders.hbs.yaml:13");
    assert_eq!(objects[1].value["data"]["rule"], "{{ $labels.job }} <&> {{ .Value }}");
    assert_eq!(
        objects[2].value,
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "orders"},
            "spec": {
                "replicas": 3,
                "template": {
                    "metadata": {"labels": {"app": "orders", "version": "1.10"}},
                    "spec": {"containers": [{
                        "name": "web",
                        "image": format!("production.azurecr.io/shop/orders@{digest}"),
                        "unknownField": {"deep": [1.5, 511, true, null, "yes"]},
                    }]},
                },
            },
        })
    );
}
