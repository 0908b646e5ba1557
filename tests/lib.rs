//! A world to test the whole in: a repository of a user, a state folder, the built `slipway` and the packaged tasks.
//!
//! Used by the tests of this package only. `./scripts/test` builds the programs and packages first.

mod example;
mod search;
mod world;

pub use example::git;
pub use search::{files_with, files_with_each};
pub use world::{Finished, TOKEN, TOKEN_FILE, World, root};
