//! The order in which objects are applied: what others need comes first. [`STEPS`] is the table, with the reasons.

use crate::Object;
use crate::images;

/// Kinds that are applied together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The kinds, each with the group of its API; `*` is every kind of the group.
    pub kinds: &'static [(&'static str, &'static str)],
    /// Why they are applied here.
    pub reason: &'static str,
}

const CORE: &str = "";
const RBAC: &str = "rbac.authorization.k8s.io";
const STORAGE: &str = "storage.k8s.io";
const NETWORK: &str = "networking.k8s.io";
const GATEWAY: &str = "gateway.networking.k8s.io";
const ADMISSION: &str = "admissionregistration.k8s.io";

/// The steps, in the order in which they are applied. What no step names is applied in the step [`OTHERS`], or with the
/// workloads if it has a pod template.
pub const STEPS: &[Step] = &[
    Step { kinds: &[(CORE, "Namespace")], reason: "what lies in a namespace needs it" },
    Step { kinds: &[("apiextensions.k8s.io", "CustomResourceDefinition")], reason: "objects of the kind need it" },
    Step {
        kinds: &[
            ("scheduling.k8s.io", "PriorityClass"),
            ("node.k8s.io", "RuntimeClass"),
            (STORAGE, "*"),
            ("snapshot.storage.k8s.io", "VolumeSnapshotClass"),
            (NETWORK, "IngressClass"),
            (GATEWAY, "GatewayClass"),
        ],
        reason: "classes are named by pods, claims and routes, and a pod whose class is absent is refused",
    },
    Step {
        kinds: &[
            (CORE, "ResourceQuota"),
            (CORE, "LimitRange"),
            (NETWORK, "NetworkPolicy"),
            ("policy", "PodDisruptionBudget"),
            (ADMISSION, "ValidatingAdmissionPolicy"),
            (ADMISSION, "MutatingAdmissionPolicy"),
        ],
        reason: "rules bind only the pods that are made after them",
    },
    Step {
        kinds: &[(ADMISSION, "ValidatingAdmissionPolicyBinding"), (ADMISSION, "MutatingAdmissionPolicyBinding")],
        reason: "a binding names its policy",
    },
    Step { kinds: &[(CORE, "ServiceAccount")], reason: "a pod whose service account is absent is refused; bindings name it" },
    Step { kinds: &[(RBAC, "ClusterRole"), (RBAC, "Role")], reason: "a binding may name only a role that is there" },
    Step { kinds: &[(RBAC, "ClusterRoleBinding"), (RBAC, "RoleBinding")], reason: "pods have their rights from the start" },
    Step { kinds: &[(CORE, "ConfigMap"), (CORE, "Secret")], reason: "pods read them when they start" },
    Step { kinds: &[(CORE, "PersistentVolume")], reason: "claims bind to volumes that are there" },
    Step { kinds: &[(CORE, "PersistentVolumeClaim")], reason: "pods wait for their claims" },
    OTHERS,
    Step {
        kinds: &[(CORE, "Service"), (CORE, "Endpoints"), ("discovery.k8s.io", "EndpointSlice")],
        reason: "pods get the services that are there as variables, and stateful sets need theirs for the names of pods",
    },
    WORKLOADS,
    Step {
        kinds: &[("autoscaling", "HorizontalPodAutoscaler"), ("autoscaling.k8s.io", "VerticalPodAutoscaler"), ("keda.sh", "ScaledObject")],
        reason: "an autoscaler whose target is absent reports failures",
    },
    Step { kinds: &[(GATEWAY, "Gateway")], reason: "routes attach to gateways that are there" },
    Step { kinds: &[(NETWORK, "Ingress"), (GATEWAY, "*")], reason: "traffic is let in once there is what serves it" },
    Step {
        kinds: &[
            ("apiregistration.k8s.io", "APIService"),
            (ADMISSION, "ValidatingWebhookConfiguration"),
            (ADMISSION, "MutatingWebhookConfiguration"),
        ],
        reason: "these have the API server call pods of this deployment, and refuse requests while nothing answers",
    },
];

/// The step of every kind that no other one names.
pub const OTHERS: Step = Step { kinds: &[], reason: "custom resources configure what pods use: certificates, secret stores, operators" };

/// The step of the workloads.
pub const WORKLOADS: Step = Step {
    kinds: &[(CORE, "Pod"), (CORE, "PodTemplate"), (CORE, "ReplicationController"), ("apps", "*"), ("batch", "*")],
    reason: "all that a pod needs is there",
};

/// The number of an object's step in [`STEPS`].
pub fn step_of(object: &Object) -> usize {
    let name = &object.name;
    let names = |step: &Step, kind: &str| step.kinds.iter().any(|(group, known)| *group == name.group && *known == kind);
    let position = |wanted: &Step| STEPS.iter().position(|step| step == wanted).unwrap_or(STEPS.len());
    let by_kind = STEPS.iter().position(|step| names(step, &name.kind)).or_else(|| STEPS.iter().position(|step| names(step, "*")));
    by_kind.unwrap_or_else(|| position(if images::has_pods(object) { &WORKLOADS } else { &OTHERS }))
}

/// Puts objects into the order in which they are applied. Those of one step stay as they are written.
pub fn sort(objects: &mut [Object]) {
    objects.sort_by_key(step_of);
}

/// Puts objects into the order in which they are removed: the exact reverse of [`sort`]'s.
pub fn sort_for_removal(objects: &mut [Object]) {
    sort(objects);
    objects.reverse();
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{Source, manifests};

    fn objects(kinds: &[&str]) -> Vec<Object> {
        let document = |kind: &&str| match kind.rsplit_once('/') {
            Some((version, kind)) => format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: a}}\n"),
            None => format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: a}}\n"),
        };
        let text: Vec<_> = kinds.iter().map(document).collect();
        manifests::parse(&[Source::new("a.yaml", text.join("---\n"))]).unwrap()
    }

    fn kinds(objects: &[Object]) -> Vec<&str> {
        objects.iter().map(|object| object.name.kind.as_str()).collect()
    }

    #[test]
    fn what_others_need_comes_first() {
        let mut all = objects(&[
            "admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration",
            "networking.k8s.io/v1/Ingress",
            "gateway.networking.k8s.io/v1/HTTPRoute",
            "gateway.networking.k8s.io/v1/Gateway",
            "autoscaling/v2/HorizontalPodAutoscaler",
            "batch/v1/CronJob",
            "apps/v1/Deployment",
            "Service",
            "cert-manager.io/v1/Certificate",
            "PersistentVolumeClaim",
            "PersistentVolume",
            "Secret",
            "ConfigMap",
            "rbac.authorization.k8s.io/v1/RoleBinding",
            "rbac.authorization.k8s.io/v1/Role",
            "ServiceAccount",
            "networking.k8s.io/v1/NetworkPolicy",
            "storage.k8s.io/v1/StorageClass",
            "apiextensions.k8s.io/v1/CustomResourceDefinition",
            "Namespace",
        ]);
        sort(&mut all);
        let sorted = "Namespace CustomResourceDefinition StorageClass NetworkPolicy ServiceAccount Role RoleBinding Secret ConfigMap \
                      PersistentVolume PersistentVolumeClaim Certificate Service CronJob Deployment HorizontalPodAutoscaler Gateway \
                      Ingress HTTPRoute ValidatingWebhookConfiguration";
        assert_eq!(kinds(&all).join(" "), sorted);
        sort_for_removal(&mut all);
        let mut removed = kinds(&all);
        removed.reverse();
        assert_eq!(removed.join(" "), sorted);
    }

    #[test]
    fn a_kind_of_another_group_is_another_kind() {
        // Knative's Service is a workload, not what pods find each other by.
        let text = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{image: a}]}}}\n";
        let knative = manifests::parse(&[Source::new("a.yaml", text)]).unwrap();
        assert_eq!(STEPS[step_of(&knative[0])], WORKLOADS);
        assert_eq!(STEPS[step_of(&objects(&["example.com/v1/Namespace"])[0])], OTHERS);
    }

    #[test]
    fn no_kind_is_in_two_steps() {
        let mut seen = HashSet::new();
        assert!(STEPS.iter().flat_map(|step| step.kinds).all(|kind| seen.insert(kind)));
        assert!(seen.len() > 30, "{}", seen.len());
    }
}
