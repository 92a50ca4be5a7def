//! `hook`: what git runs, through the shim.

mod managed;
mod pre_push;
mod pre_receive;
mod reference_transaction;

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;

use super::check::{self, Moment};
use super::{Context, Outcome};
use crate::cli::{HookArgs, HookName};
use crate::git::Hook;
use crate::hooks::{is_installed_again, kept};
use crate::report;

/// Does what the hook of this name is for, then runs the one that was there before.
/// That may stage more, so what is staged is judged again.
pub(super) fn run(args: &HookArgs, context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let input = if reads_stdin(&args.name) { Some(read(args, context.input)?) } else { None };
    let refs = input.as_deref().unwrap_or_default();
    let outcome = judge(args, refs, context)?;
    let kept = args.then.as_ref().filter(|kept| outcome == Outcome::Allowed && !is_installed_again(kept));
    let Some(kept) = kept else { return Ok(outcome) };
    match kept::run(kept, &args.arguments, input.as_deref())? {
        0 if input.is_none() => judge(args, refs, context),
        0 => Ok(Outcome::Allowed),
        code => Ok(Outcome::Ended(code)),
    }
}

/// A name that is not known is no reason to stop git.
fn judge(args: &HookArgs, refs: &[u8], context: &mut Context) -> Result<Outcome, Box<dyn Error>> {
    let options = &args.options;
    let hook = match &args.name {
        HookName::Git(hook) => *hook,
        HookName::Managed => return managed::run(options, context),
        HookName::Unknown(name) => {
            report::hooks::unknown(&mut context.out, name)?;
            return Ok(Outcome::Allowed);
        }
    };
    match hook {
        Hook::PreCommit => check::staged(options, Moment::PreCommit, context),
        Hook::PreMergeCommit => check::staged(options, Moment::PreMergeCommit, context),
        Hook::PrepareCommitMsg | Hook::PreApplypatch => check::staged(options, Moment::PastNoVerify, context),
        Hook::PrePush => pre_push::run(options, refs, context),
        Hook::PreReceive => pre_receive::run(options, refs, context),
        Hook::ReferenceTransaction => {
            let state = args.arguments.first().map(OsString::as_os_str).unwrap_or_default();
            reference_transaction::run(options, state, refs, context)
        }
    }
}

fn reads_stdin(name: &HookName) -> bool {
    matches!(name, HookName::Git(hook) if hook.reads_stdin())
}

/// All that git says on standard input: the line that the shim has read of it first.
fn read(args: &HookArgs, stdin: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut input = args.line.as_ref().map_or_else(Vec::new, |line| [line.as_bytes(), b"\n"].concat());
    stdin.read_to_end(&mut input)?;
    Ok(input)
}
