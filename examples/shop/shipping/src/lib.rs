//! What it costs to ship a parcel, and how long it takes.

pub mod parcel;
pub mod quote;
mod stop;

pub use stop::end_on_sigterm;
