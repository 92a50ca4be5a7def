//! `explain`: the verdict on paths, and its reasons.

use std::error::Error;
use std::io::Read;

use bstr::{BString, ByteSlice};

use super::{Outcome, Output, policy};
use crate::Change;
use crate::cli::{ExplainArgs, Format, Options};
use crate::git;
use crate::policy::Verdict;
use crate::report::{human, json};

/// Judges the paths as if they were added.
pub(super) fn run(
    options: &Options,
    args: &ExplainArgs,
    mut input: impl Read,
    out: &mut Output,
) -> Result<Outcome, Box<dyn Error>> {
    let repository = super::open()?;
    let policy = policy(&repository, options)?;
    let paths = if args.stdin {
        let mut text = Vec::new();
        input.read_to_end(&mut text)?;
        listed(&text, args.nul)
    } else {
        args.paths.iter().map(|path| repository.path_from_top(path)).collect::<Result<_, _>>()?
    };
    let tracked = repository.tracked_paths()?;
    let is_tracked = |path: &bstr::BStr| tracked.contains(path);
    let judged: Vec<(BString, Verdict)> = paths
        .into_iter()
        .map(|path| {
            let verdict = policy.judge(path.as_bstr(), Change::Added, &is_tracked);
            (path, verdict)
        })
        .collect();
    let refused = judged.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Refused { .. })).count();
    match options.format {
        _ if options.quiet => human::count(out, refused)?,
        Format::Human => human::explanations(out, &judged)?,
        Format::Json => json::explanations(out, &judged)?,
    }
    Ok(Outcome::of(refused, options))
}

/// The paths of a list, without empty ones: each ended by a NUL, or on a line of
/// its own, where git quotes the odd ones.
fn listed(text: &[u8], nul: bool) -> Vec<BString> {
    let end = if nul { b'\0' } else { b'\n' };
    let paths = text.split(|byte| *byte == end).filter(|path| !path.is_empty());
    paths.map(|path| if nul { path.into() } else { git::unquoted(path.into()) }).collect()
}
