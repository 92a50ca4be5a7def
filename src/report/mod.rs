//! Findings in, bytes out. Decides nothing.

pub mod agent;
pub mod completions;
pub mod doctor;
pub mod escape;
pub mod failure;
pub mod github;
pub mod hooks;
pub mod human;
pub mod json;
pub mod man;
pub mod sarif;
pub mod sentence;
pub mod session;
pub mod typed;
pub mod way_out;
