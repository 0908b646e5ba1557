//! ImagePublish and AcrPromote, from the agent's environment to their whole output, against Debian's docker-registry (which
//! keeps no list of referrers), with skopeo and oras beside them.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]
#![expect(clippy::disallowed_methods, reason = "the tests start other people's registries and clients")]

mod acr_promote;
mod image_publish;
mod job;
mod relay;
mod server;
#[path = "../../../net/tests/support/mod.rs"]
mod support;
