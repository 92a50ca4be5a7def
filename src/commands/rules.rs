//! `rules`: prints the policy in force.

use std::error::Error;
use std::io::Write;

use super::{Context, Outcome};
use crate::cli::RulesArgs;
use crate::report::escape::toml_string;

/// Prints the policy in force as a configuration file.
pub(super) fn run(args: &RulesArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let policy = context.policy(&args.config, |name| repository.top_level_file(name))?;
    context.out.write_all(policy.to_toml(toml_string).as_bytes())?;
    Ok(Outcome::Allowed)
}
