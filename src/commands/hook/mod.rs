//! `hook`: runs as one of git's hooks. The installed hooks call it.

mod managed;
mod pre_push;
mod pre_receive;
mod reference_transaction;

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::check;
use super::{Context, Outcome};
use crate::check::Trigger;
use crate::cli::{HookArgs, HookName};
use crate::git::{Hook, MergedParents, has_run_configured_hook};
use crate::hooks::{Neighbours, PROOF, PreviousHook, is_backup, is_reinstalled};
use crate::report;

/// Runs the check of the hook, then the previous hook.
///
/// With `--proof`, only the outcome of a check that has run and refused nothing is
/// [`Outcome::Proven`].
pub(super) fn run(args: &HookArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let outcome = run_check_and_previous(args, context)?;
    if let (Outcome::Refused, true, HookName::Git(hook)) = (&outcome, args.file, args.name) {
        // In doubt, the report is printed twice.
        if has_run_configured_hook(&context.environment, hook).unwrap_or(false) {
            context.out.report.clear();
            report::hooks::reported(hook, &mut context.out)?;
        }
    }
    Ok(match outcome {
        Outcome::Allowed if args.proof => Outcome::Proven,
        // The script takes 126 and 127 for a program that cannot be run.
        Outcome::PreviousHookFailed(PROOF | 126 | 127) if args.proof => Outcome::PreviousHookFailed(1),
        outcome => outcome,
    })
}

/// Runs the check and the previous hook.
///
/// The previous hook may stage more changes, so the index is checked again after it.
fn run_check_and_previous(args: &HookArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let input = if reads_stdin(args.name) { Some(read_input(args, context.input)?) } else { None };
    let refs = input.as_deref().unwrap_or_default();
    let outcome = run_check(args, refs, context)?;
    let directory = context.environment.current_dir();
    // A link to a neighbour may lead to the hook of stage-guard itself.
    let is_previous = |path: &Path| is_backup(&directory.join(path)) && !is_reinstalled(path);
    let previous = args.then.as_ref().filter(|previous| is_previous(previous));
    let Some(previous) = previous.filter(|_| outcome == Outcome::Allowed) else { return Ok(outcome) };
    let neighbours = Neighbours::link(&directory.join(previous));
    let status = PreviousHook::run(previous, &args.arguments, directory, input.as_deref())?;
    if let Some(neighbours) = neighbours {
        neighbours.update();
    }
    match status {
        0 if input.is_none() => run_check(args, refs, context),
        0 => Ok(Outcome::Allowed),
        code => Ok(Outcome::PreviousHookFailed(code)),
    }
}

/// Runs the check of the hook.
fn run_check(args: &HookArgs, refs: &[u8], context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let options = &args.options;
    let HookName::Git(hook) = args.name else { return managed::run(options, context) };
    match hook {
        Hook::PreCommit | Hook::PreMergeCommit | Hook::PrepareCommitMsg | Hook::PreApplypatch => {
            let parents = MergedParents::for_hook(hook, &args.arguments, &context.environment);
            check::staged(options, Trigger::Hook(parents), context)
        }
        Hook::PrePush => {
            let remote = args.arguments.first().map(|remote| remote.as_bytes().into());
            pre_push::run(options, remote, refs, context)
        }
        Hook::PreReceive => pre_receive::run(options, refs, context),
        Hook::ReferenceTransaction => {
            let state = args.arguments.first().map(OsString::as_os_str).unwrap_or_default();
            reference_transaction::run(options, state, refs, context)
        }
    }
}

fn reads_stdin(name: HookName) -> bool {
    matches!(name, HookName::Git(hook) if hook.reads_stdin())
}

/// Returns the standard input of the hook, of which the script of the hook may have read the first line.
fn read_input(args: &HookArgs, stdin: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut input = args.line.as_ref().map_or_else(Vec::new, |line| [line.as_bytes(), b"\n"].concat());
    stdin.read_to_end(&mut input)?;
    Ok(input)
}
