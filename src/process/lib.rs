//! Child processes: an environment that is given whole (nothing is inherited), a process group (job object on Windows)
//! of their own, ended as a whole tree, dying with their parent.
//!
//! Used by `agent` (tasks that start compilers and tests), by the runner (tasks and scripts) and by `slipway`.

mod child;
mod command;

pub use child::{Child, Scope, Signal};
pub use command::{Command, SpawnError};
