//! `explain`: the verdict on paths, and its reasons.

use std::convert::Infallible;
use std::error::Error;

use bstr::BString;

use super::{Context, Outcome};
use crate::cli::{ExplainArgs, HumanOrJson};
use crate::git;
use crate::policy::{Explanation, Verdict};
use crate::report::explanation;

/// Judges the paths as if they were added.
pub(super) fn run(args: &ExplainArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let policy = context.policy(&args.config, &|name| repository.top_level_file(name))?;
    let paths = if args.stdin {
        let mut text = Vec::new();
        context.input.read_to_end(&mut text)?;
        listed(&text, args.nul)
    } else {
        args.paths
            .iter()
            .map(|path| git::user_path::resolve(repository.layout(), path))
            .collect::<Result<_, _>>()?
    };
    let tracked = repository.tracked_paths()?;
    let explain = |path| policy.explain(path, |path| Ok::<_, Infallible>(tracked.contains(path)));
    let Ok(explained) = paths.into_iter().map(explain).collect::<Result<Vec<Explanation>, _>>();
    let is_refused = |explained: &&Explanation| matches!(explained.verdict, Verdict::Refused { .. });
    let refused = explained.iter().filter(is_refused).count();
    let out = &mut context.out;
    match args.format {
        _ if context.is_quiet => explanation::render_count(&explained, out)?,
        HumanOrJson::Json => explanation::render_json(&explained, out)?,
        HumanOrJson::Human => explanation::render_human(&explained, out)?,
    }
    Ok(Outcome::of(refused, args.dry_run))
}

/// The paths of a list, without empty ones: each ended by a NUL, or on a line of
/// its own, where git quotes the odd ones.
fn listed(text: &[u8], nul: bool) -> Vec<BString> {
    let end = if nul { b'\0' } else { b'\n' };
    let paths = text.split(|byte| *byte == end).filter(|path| !path.is_empty());
    paths.map(|path| if nul { path.into() } else { git::unquote(path.into()) }).collect()
}
