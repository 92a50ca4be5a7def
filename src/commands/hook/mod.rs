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
use super::{Outcome, Output, Tell};
use crate::cli::{HookArgs, HookName, Options};
use crate::git::Hook;
use crate::hooks::{is_installed_again, kept};
use crate::report;

/// Does what the hook of this name is for, then runs the one that was there before.
/// That may stage more, so what is staged is judged again.
pub(super) fn run(
    options: &Options,
    args: &HookArgs,
    stdin: impl Read,
    tell: Tell,
    out: &mut Output,
) -> Result<Outcome, Box<dyn Error>> {
    let input = if reads_stdin(&args.name) { Some(read(args, stdin)?) } else { None };
    let refs = input.as_deref().unwrap_or_default();
    let outcome = judge(options, args, refs, tell, out)?;
    let kept = args.then.as_ref().filter(|kept| outcome == Outcome::Allowed && !is_installed_again(kept));
    let Some(kept) = kept else { return Ok(outcome) };
    match kept::run(kept, &args.arguments, input.as_deref())? {
        0 if input.is_none() => judge(options, args, refs, tell, out),
        0 => Ok(Outcome::Allowed),
        code => Ok(Outcome::Ended(code)),
    }
}

/// A name that is not known is no reason to stop git.
fn judge(
    options: &Options,
    args: &HookArgs,
    refs: &[u8],
    tell: Tell,
    out: &mut Output,
) -> Result<Outcome, Box<dyn Error>> {
    let hook = match &args.name {
        HookName::Git(hook) => *hook,
        HookName::Managed => return managed::run(options, tell, out),
        HookName::Unknown(name) => {
            report::hooks::unknown(out, name)?;
            return Ok(Outcome::Allowed);
        }
    };
    match hook {
        Hook::PreCommit => check::staged(options, Moment::PreCommit, out),
        Hook::PreMergeCommit => check::staged(options, Moment::PreMergeCommit, out),
        Hook::PrepareCommitMsg | Hook::PreApplypatch => check::staged(options, Moment::PastNoVerify, out),
        Hook::PrePush => pre_push::run(options, refs, tell, out),
        Hook::PreReceive => pre_receive::run(options, refs, tell, out),
        Hook::ReferenceTransaction => {
            let state = args.arguments.first().map(OsString::as_os_str).unwrap_or_default();
            reference_transaction::run(options, state, refs, tell, out)
        }
    }
}

fn reads_stdin(name: &HookName) -> bool {
    matches!(name, HookName::Git(hook) if hook.reads_stdin())
}

/// All that git says on standard input: the line that the shim has read of it first.
fn read(args: &HookArgs, mut stdin: impl Read) -> io::Result<Vec<u8>> {
    let mut input = args.line.as_ref().map_or_else(Vec::new, |line| [line.as_bytes(), b"\n"].concat());
    stdin.read_to_end(&mut input)?;
    Ok(input)
}
