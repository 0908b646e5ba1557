//! The real binary, as a new user meets it: whole outputs.

#![cfg(test)]

mod approvals;
mod azure;
mod commands;
mod expand;
mod groups;
mod live;
mod repository;
mod running;
mod secrets;
mod simulate;
mod support;
