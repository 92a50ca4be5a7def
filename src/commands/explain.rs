//! `explain`: shows whether paths are refused, and why.

use std::collections::HashMap;
use std::error::Error;

use bstr::{BStr, BString, ByteSlice};

use super::{Context, Outcome};
use crate::cli::{ExplainArgs, HumanOrJson};
use crate::git::{self, CommitTrees, History, ObjectId, Repository};
use crate::policy::{Explanation, Policy, Verdict};
use crate::project::{StagedProject, WorktreeProject};
use crate::report::explanation;

/// Checks the paths as if they were added.
pub(super) fn run(args: &ExplainArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let repository = context.open_repository()?;
    let policy = context.policy(&args.config, |name| repository.top_level_file(name))?;
    let paths: Vec<_> = if args.stdin {
        let mut text = Vec::new();
        context.input.read_to_end(&mut text)?;
        let listed = parse_list(&text, args.nul).into_iter();
        listed
            .map(|path| git::user_path::resolve_listed(&repository, path.as_bstr()))
            .collect::<Result<_, _>>()?
    } else {
        args.paths.iter().map(|path| git::user_path::resolve(&repository, path)).collect::<Result<_, _>>()?
    };
    let explanations = explain(policy, paths, &repository)?;
    let is_refused = |explanation: &&Explanation| matches!(explanation.verdict, Verdict::Refused { .. });
    let refused = explanations.iter().filter(is_refused).count();
    let invocation = context.invocation()?;
    let out = &mut context.out;
    match args.format {
        _ if context.is_quiet => explanation::render_count(&explanations, out)?,
        HumanOrJson::Json => explanation::render_json(&explanations, out)?,
        HumanOrJson::Human => explanation::render_human(&explanations, &invocation, out)?,
    }
    Ok(Outcome::of(refused, args.dry_run))
}

/// Judges the paths, those that are staged by the index and others by the worktree.
fn explain(
    policy: &'static Policy,
    paths: Vec<BString>,
    repository: &Repository,
) -> Result<Vec<Explanation<'static>>, git::Error> {
    let staged = repository.staged_paths()?;
    let mut parents = Parents::new(repository);
    let mut is_committed = |path: &BStr| parents.contain_file(path);
    let order: HashMap<BString, usize> = paths.iter().cloned().zip(0..).collect();
    let (in_index, others): (Vec<_>, Vec<_>) =
        paths.into_iter().partition(|path| staged.contains_file(path.as_bstr()));
    let mut project = StagedProject::new(repository, &staged, in_index.iter().cloned().collect());
    let mut explanations = policy.explain(in_index, &mut project, &mut is_committed)?;
    if !others.is_empty() {
        // They are judged as `git add -A` would stage them, like the files that may name them.
        let paths = staged.clone().extended(git::untracked(repository.layout())?);
        let mut project = WorktreeProject::new(repository, paths);
        explanations.extend(policy.explain(others, &mut project, is_committed)?);
    }
    explanations.sort_by_key(|explanation| order.get(&explanation.path).copied());
    Ok(explanations)
}

/// The parents of the next commit, opened when they are first asked for: `HEAD`, and the merged
/// commits.
struct Parents<'a> {
    repository: &'a Repository,
    opened: Option<(Vec<ObjectId>, CommitTrees)>,
}

impl<'a> Parents<'a> {
    fn new(repository: &'a Repository) -> Self {
        Self { repository, opened: None }
    }

    /// Whether a parent has a file, symlink or gitlink at `path`.
    fn contain_file(&mut self, path: &BStr) -> Result<bool, git::Error> {
        let (commits, trees) = match self.opened.take() {
            Some(opened) => self.opened.insert(opened),
            None => self.opened.insert(open_parents(self.repository)?),
        };
        for commit in commits {
            if trees.contains_file(*commit, path)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn open_parents(repository: &Repository) -> Result<(Vec<ObjectId>, CommitTrees), git::Error> {
    let history = History::open(repository.environment())?;
    let merged = repository.merge_heads()?;
    Ok((history.head()?.into_iter().chain(merged).collect(), history.trees()))
}

/// Parses paths that end with NUL, or lines with paths that git may have quoted.
fn parse_list(text: &[u8], is_nul_separated: bool) -> Vec<BString> {
    let separator = if is_nul_separated { b'\0' } else { b'\n' };
    if text.is_empty() {
        return Vec::new();
    }
    let paths = text.strip_suffix(&[separator]).unwrap_or(text).split(|byte| *byte == separator);
    paths.map(|path| if is_nul_separated { path.into() } else { git::unquote(path.into()) }).collect()
}
