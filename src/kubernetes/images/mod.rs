//! Images: every container whose image is one of the delivery's gets it by digest.
//!
//! An image is found by its repository's path, whichever registry the manifest names: `shop/orders:dev` and
//! `contoso.azurecr.io/shop/orders` both are the image of the repository `shop/orders`. Tags and digests in manifests do not count.
//! Containers are looked for in pods and in every pod template, also in those of custom resources.

mod containers;
mod name;
mod put;

pub(crate) use containers::{containers, has_pods, pod_specs};
pub use put::{ContainerImage, Images, Replacement, put};
