//! `rules`: the policy in force.

use std::error::Error;
use std::io::Write;

use super::{Outcome, Output, policy};
use crate::cli::Options;
use crate::report::escape::toml_string;

/// Prints the policy in force, in the form of a configuration.
pub(super) fn run(options: &Options, out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let repository = super::open()?;
    let policy = policy(options, &|name| repository.top_level_file(name))?;
    out.write_all(policy.to_toml(toml_string).as_bytes())?;
    Ok(Outcome::Allowed)
}
