//! `hook`: what git runs, through the shim.

use std::error::Error;

use super::check::{self, Moment};
use super::{Outcome, Output};
use crate::cli::{HookArgs, Options};
use crate::report;

/// Does what the hook of this name is for. A name that is not known is no reason
/// to stop git.
pub(super) fn run(options: &Options, args: &HookArgs, out: &mut Output) -> Result<Outcome, Box<dyn Error>> {
    let moment = match args.name.as_str() {
        "pre-commit" => Moment::PreCommit,
        "pre-merge-commit" => Moment::PreMergeCommit,
        name => {
            report::hooks::unknown(out, name)?;
            return Ok(Outcome::Allowed);
        }
    };
    check::staged(options, moment, out)
}
