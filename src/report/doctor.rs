//! What `doctor` has found: what is there, what is wrong, and how it is mended.

use std::io::{self, Write};
use std::path::Path;

use owo_colors::OwoColorize;

use super::agent::word;
use super::escape::{escape, escape_multiline, shell_word};
use super::hooks::{addition, file, list};
use crate::doctor::{Answer, Diagnosis, Examined, Finding, PolicyState, Probe};
use crate::git::{ConfiguredHook, Hook, Origin};
use crate::hooks::{Level, Manager, Place, file_of_user};
use crate::policy::FILE_NAME;

/// How many lines are shown of what a hook said.
const MOST_LINES: usize = 5;

/// Begins the further lines of a finding, below its first one.
const INDENT: &str = "         ";

/// Writes what is there.
///
/// # Errors
///
/// What `out` answers.
pub fn examined(out: &mut impl Write, examined: &Examined) -> io::Result<()> {
    let Examined { directory, place, hooks, probe, .. } = examined;
    writeln!(out, "here:    {}", file(directory))?;
    let by = place.origin.as_ref().map(|origin| format!(", by {}", escape(origin.to_string())));
    writeln!(out, "hooks:   {}{}", file(&place.directory), by.unwrap_or_default())?;
    let guarded = examined.guarded();
    if !guarded.is_empty() {
        writeln!(out, "guarded: {} (`{}`)", list(&guarded), install(examined.level()))?;
    }
    for hook in examined.configured.iter().filter(|hook| guarded.contains(&hook.event)) {
        writeln!(out, "by:      {} in the {} configuration", hook.event, escape(&hook.scope))?;
    }
    for kept in hooks.places.iter().filter_map(|place| place.kept.as_ref()).filter(|kept| kept.runs) {
        writeln!(out, "kept:    {} runs as well", file(&kept.path))?;
    }
    for binary in &examined.binaries {
        let version = binary.version.as_ref().map(|version| format!(", {}", escape(version)));
        writeln!(out, "binary:  {}{}", file(&binary.path), version.unwrap_or_default())?;
    }
    match &examined.policy {
        PolicyState::BuiltIn => writeln!(out, "policy:  built-in, for there is no {FILE_NAME}")?,
        PolicyState::Configured => writeln!(out, "policy:  {FILE_NAME}")?,
        PolicyState::Broken(_) => {}
    }
    let Some(Probe { path, staged, .. }) = probe else {
        return writeln!(out, "probe:   none");
    };
    let refused = staged.iter().filter(|(_, answer)| *answer == Answer::Refused).map(|(name, _)| *name);
    let refused: Vec<&str> = refused.map(Hook::name).collect();
    let by = if refused.is_empty() { "no hook".to_owned() } else { refused.join(" and ") };
    writeln!(out, "probe:   {} is refused by {by}", escape(path))
}

/// Writes each diagnosis and how it is mended; `program` is what this program is called
/// by.
///
/// # Errors
///
/// What `out` answers.
pub fn diagnoses<'e>(
    out: &mut impl Write,
    examined: &Examined,
    diagnoses: impl Iterator<Item = &'e Diagnosis<'e>>,
    program: &Path,
) -> io::Result<()> {
    let mut diagnoses = diagnoses.peekable();
    while let Some(Diagnosis { is_fault, finding }) = diagnoses.next() {
        let label = if *is_fault { "fault:".red().bold().to_string() } else { "note: ".to_owned() };
        writeln!(out, "{label}   {}", said(finding))?;
        let remedy = remedy(finding, examined, program);
        // What mends the next one too is said after that.
        let next = diagnoses.peek().and_then(|next| self::remedy(&next.finding, examined, program));
        if let Some(remedy) = remedy.filter(|remedy| next.as_ref() != Some(remedy)) {
            writeln!(out, "{}    {remedy}", "mend:".cyan())?;
        }
    }
    Ok(())
}

/// Writes whether the guard is live.
///
/// # Errors
///
/// What `out` answers.
pub fn verdict(out: &mut impl Write, examined: &Examined, faults: usize) -> io::Result<()> {
    let what = if examined.is_bare { "pushes to here" } else { "commits here" };
    match faults {
        0 => writeln!(out, "{} {what} are checked", "live:".green()),
        1 => writeln!(out, "{} 1 fault", "not live:".red().bold()),
        _ => writeln!(out, "{} {faults} faults", "not live:".red().bold()),
    }
}

/// What is found, in one line or some.
fn said(finding: &Finding) -> String {
    match finding {
        Finding::NoDirectory(origin) => {
            format!("{} names no directory, so git runs no hooks from it", escape(origin.to_string()))
        }
        Finding::NoDirectoryIn(worktree, origin) => {
            let origin = escape(origin.to_string());
            format!("{origin} names no directory in {}, so it is not guarded", file(worktree))
        }
        Finding::NoHook(place) => format!("there is no {}", file(&place.path)),
        Finding::Foreign(place, answer) => {
            let did = answer.map(|answer| format!(": it {}", answered(answer))).unwrap_or_default();
            let owner = place.manager.map_or("another", Manager::name);
            format!("{} belongs to {owner} and did not refuse{did}", file(&place.path))
        }
        Finding::Dangling(place) => format!("{} is a symlink to nothing, which git skips", file(&place.path)),
        Finding::NotExecutable(place) => format!("{} is not executable, so git skips it", file(&place.path)),
        Finding::Overwritten(place) => {
            format!(
                "{} runs {}, which another program has written over",
                file(&place.path),
                file(&place.real)
            )
        }
        Finding::BinaryFails(binary, why) => {
            format!("{} does not run, so git stops: {}", file(&binary.path), escape(why))
        }
        Finding::OtherBinary(binary) => format!("{} is another program than this one", file(&binary.path)),
        Finding::PassingBinary(binary) => {
            format!("{} lies in a directory that goes away, and git stops then", file(&binary.real))
        }
        Finding::BrokenPolicy(mistake) => escape_multiline(mistake, INDENT),
        Finding::NotRefused(name, answer) => format!("{name} did not refuse: it {}", answered(answer)),
        Finding::CleanStopped(answer) => {
            format!("pre-commit also stops what the guard lets pass: it {}", answered(answer))
        }
        Finding::SessionAllowed => format!("the session directory is allowed by {FILE_NAME}"),
        Finding::SessionNotIgnored => "git does not ignore the session directory".to_owned(),
        Finding::Incomplete(level, missing) => {
            format!("not guarded: {}, which `{}` guards", list(missing), install(*level))
        }
        Finding::TooOld(version) => format!("git {} runs no configured hooks", escape(version)),
        Finding::SwitchedOff(hook) => {
            format!("{} is configured and switched off ({})", hook.event, escape(&hook.scope))
        }
        Finding::Twice(hook) => format!(
            "{} is guarded twice, by a file and by the {} configuration",
            hook.event,
            escape(&hook.scope)
        ),
        Finding::KeptOff(_, kept) => format!("{} was there before and does not run", file(&kept.path)),
        Finding::NotForLong(place, manager) => format!(
            "{} takes the place of {} again when its configuration changes",
            manager.name(),
            file(&place.path)
        ),
        Finding::Aside(path) => format!("{} is ours, and was moved aside by another manager", file(path)),
        Finding::Elsewhere(path) => format!("git does not run the hooks of ours in {} here", file(path)),
    }
}

/// The command that mends it, or what is to be done; nothing where all may be well.
fn remedy(finding: &Finding, examined: &Examined, program: &Path) -> Option<String> {
    let add = |place: &Place| {
        if place.has_line {
            return format!(
                "let {} find the program: by its path, or on PATH",
                file(&file_of_user(&place.path))
            );
        }
        addition(place.manager, &place.path, place.hook, program)
    };
    let name = word(program);
    let setting = |hook: &ConfiguredHook, option: &str, key: &str| {
        let key = format!("hook.stage-guard.{}{key}", hook.event);
        format!("git config --{} {option} {}", escape(&hook.scope), shell_word(key.as_str().into()))
    };
    Some(match finding {
        Finding::NoDirectory(origin) | Finding::NoDirectoryIn(_, origin) => {
            unset(origin, &examined.directory)
        }
        Finding::NotExecutable(place) if place.is_ours => format!("chmod +x {}", word(&place.real)),
        Finding::NoHook(place)
        | Finding::Foreign(place, _)
        | Finding::Dangling(place)
        | Finding::NotExecutable(place)
            if !examined.is_installable() =>
        {
            add(place)
        }
        // What is done in its place, lefthook takes back; husky has git look elsewhere.
        Finding::Foreign(place @ Place { manager: Some(Manager::Lefthook | Manager::Husky), .. }, _) => {
            add(place)
        }
        Finding::KeptOff(place, kept) if place.is_guarded() => format!("chmod +x {}", word(&kept.path)),
        Finding::NotForLong(place, manager) => addition(Some(*manager), &place.path, place.hook, program),
        Finding::Incomplete(level, _) => format!("{name} {}", install(*level)),
        Finding::BrokenPolicy(_) => format!("correct {FILE_NAME}"),
        Finding::SessionAllowed => format!("take it out of `allow` and `disable` in {FILE_NAME}"),
        Finding::SessionNotIgnored => format!("{name} init"),
        Finding::SwitchedOff(hook) => setting(hook, "--unset-all", ".enabled"),
        Finding::Twice(hook) if hook.scope == "local" => setting(hook, "--remove-section", ""),
        Finding::Twice(_) => format!("{name} uninstall"),
        Finding::PassingBinary(_) => "put the program where it stays, and install with that one".to_owned(),
        Finding::NotRefused(..) => "have the hook run the guard before all else".to_owned(),
        Finding::KeptOff(..) | Finding::CleanStopped(_) | Finding::Aside(_) | Finding::Elsewhere(_) => {
            return None;
        }
        _ => format!("{name} install"),
    })
}

/// How `core.hooksPath` is unset, where it is set. git counts a file from `directory`.
fn unset(origin: &Origin, directory: &Path) -> String {
    let file = origin.file.strip_prefix("file:");
    match file {
        Some(file) if origin.is_included => {
            format!("git config --file {} --unset-all core.hooksPath", word(&directory.join(file)))
        }
        Some(_) => format!("git config --{} --unset-all core.hooksPath", escape(&origin.scope)),
        None => "take core.hooksPath out of the environment".to_owned(),
    }
}

/// What a hook did that did not refuse.
fn answered(answer: &Answer) -> String {
    match answer {
        Answer::Passed => "let session work pass".to_owned(),
        Answer::Refused => "refused".to_owned(),
        Answer::Endless => "came to no end".to_owned(),
        Answer::Stopped(said) => {
            let lines: Vec<&str> = said.lines().take(MOST_LINES).collect();
            format!("said:\n{INDENT}{}", escape_multiline(&lines.join("\n"), INDENT))
        }
    }
}

/// The command that guards the hooks of a level.
fn install(level: Level) -> &'static str {
    match level {
        Level::Default => "install",
        Level::Strict => "install --strict",
        Level::Refs => "install --strict=refs",
    }
}
