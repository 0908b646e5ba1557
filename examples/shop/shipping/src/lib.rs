//! What it costs to ship a parcel, and how long it takes.

pub mod parcel;
pub mod quote;
