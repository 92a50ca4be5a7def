//! Whether the guard is live, told from what git and the disk say: which of it is wrong.
//! Asks nobody.

use std::path::PathBuf;

use bstr::{BString, ByteSlice};

use crate::git::{ConfiguredHook, Hook, HooksPath, Origin};
use crate::hooks::{self, BARE_HOOKS, Kept, Level, Manager, Place, Stands};
use crate::timeout::Finish;

/// What git and the disk say of the guard in a repository.
#[derive(Debug)]
pub struct Examined {
    /// The top of the worktree, or the git directory of a bare repository; absolute.
    pub directory: PathBuf,
    /// Whether there is no worktree: pushes are guarded then, not commits.
    pub is_bare: bool,
    /// Where git looks for hooks.
    pub place: HooksPath,
    /// Whether that is a directory.
    pub is_place_there: bool,
    /// Linked worktrees that have no directory of that name.
    pub worktrees_without: Vec<PathBuf>,
    /// What is in it.
    pub hooks: hooks::Examined,
    /// The hooks of ours that are configured.
    pub configured: Vec<ConfiguredHook>,
    /// The version of git, where it is too old to run those.
    pub too_old: Option<String>,
    /// The programs that the hooks run.
    pub binaries: Vec<Binary>,
    /// This program.
    pub own: PathBuf,
    /// What the policy is.
    pub policy: PolicyState,
    /// Whether git ignores the session directory; nothing in a bare repository.
    pub is_session_ignored: Option<bool>,
    /// What the hooks answered; nothing where they were not asked.
    pub probe: Option<Probe>,
}

/// A program that hooks run.
#[derive(Debug)]
pub struct Binary {
    /// As the hooks name it.
    pub path: PathBuf,
    /// The same, without symlinks.
    pub real: PathBuf,
    /// Whether it lies in a linked worktree.
    pub is_in_worktree: bool,
    /// What it says when it is asked for its version, or why it says nothing.
    pub version: Result<String, String>,
}

/// What the policy is.
#[derive(Debug, Eq, PartialEq)]
pub enum PolicyState {
    /// The built-in one.
    BuiltIn,
    /// What a configuration makes of it.
    Configured,
    /// A configuration has this mistake.
    Broken(String),
}

/// Hooks that were run for an index that nobody commits.
#[derive(Debug)]
pub struct Probe {
    /// The path that was staged in it.
    pub path: BString,
    /// Whether it is in the session directory; where that is allowed, another is tried.
    pub is_in_session_directory: bool,
    /// What each hook said of the path.
    pub staged: Vec<(Hook, Answer)>,
    /// What `pre-commit` said of nothing.
    pub clean: Answer,
}

/// What a hook said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// git goes on.
    Passed,
    /// The guard refused the path.
    Refused,
    /// git stops, for another reason.
    Stopped(String),
    /// It did not come to an end.
    Endless,
}

/// Something that is wrong, or good to know.
#[derive(Debug)]
pub struct Diagnosis<'e> {
    /// Whether the guard is not live for it.
    pub is_fault: bool,
    /// What it is.
    pub finding: Finding<'e>,
}

/// What is found.
#[derive(Debug)]
pub enum Finding<'e> {
    /// `core.hooksPath` names no directory.
    NoDirectory(&'e Origin),
    /// `core.hooksPath` names none in this linked worktree.
    NoDirectoryIn(&'e PathBuf, &'e Origin),
    /// There is no hook at this place.
    NoHook(&'e Place),
    /// The hook there is another's and did not refuse: what it said instead.
    Foreign(&'e Place, Option<&'e Answer>),
    /// The hook there is a symlink to nothing.
    Dangling(&'e Place),
    /// The hook there cannot be run.
    NotExecutable(&'e Place),
    /// The hook there is a link of ours to what another program has written over.
    Overwritten(&'e Place),
    /// The program cannot be run.
    BinaryFails(&'e Binary, &'e str),
    /// The program is not this one.
    OtherBinary(&'e Binary),
    /// The program lies where it will be deleted some day.
    PassingBinary(&'e Binary),
    /// The configuration has this mistake.
    BrokenPolicy(&'e str),
    /// A hook did not refuse session work.
    NotRefused(Hook, &'e Answer),
    /// The hooks stop a commit that the guard has nothing against.
    CleanStopped(&'e Answer),
    /// The session directory is allowed.
    SessionAllowed,
    /// git does not ignore the session directory.
    SessionNotIgnored,
    /// Of a level some hooks are guarded and these are not.
    Incomplete(Level, Vec<Hook>),
    /// git is too old for the hooks that are configured.
    TooOld(&'e str),
    /// A configured hook is switched off.
    SwitchedOff(&'e ConfiguredHook),
    /// A hook is guarded by a file and by the configuration.
    Twice(&'e ConfiguredHook),
    /// A hook that was there before does not run.
    KeptOff(&'e Place, &'e Kept),
    /// A hook of ours has the place of a manager's that will take it back.
    NotForLong(&'e Place, Manager),
    /// A hook of ours that was moved aside.
    Aside(&'e PathBuf),
    /// A directory with hooks of ours, which git does not run from here.
    Elsewhere(&'e PathBuf),
}

impl Answer {
    /// What a hook said that was asked about `path`, which the rule with the id `rule`
    /// refuses.
    #[must_use]
    pub fn of(finish: Finish, path: &BString, rule: &str) -> Self {
        let rule = format!("[{rule}]");
        let is_refusal = |line: &[u8]| line.contains_str(path) && line.contains_str(&rule);
        match finish {
            Finish::Exited { code: Some(0), .. } => Self::Passed,
            Finish::Exited { output, .. } if output.lines().any(is_refusal) => Self::Refused,
            Finish::Exited { output, .. } => Self::Stopped(output.trim_ascii().to_str_lossy().into_owned()),
            Finish::TimedOut => Self::Endless,
            Finish::SpawnFailed(error) => Self::Stopped(error.to_string()),
        }
    }
}

impl Examined {
    /// What is wrong, the faults first.
    #[must_use]
    pub fn diagnoses(&self) -> Vec<Diagnosis<'_>> {
        let mut found = self.hooks_path();
        found.extend(self.hooks.places.iter().filter_map(|place| self.place(place)));
        found.extend(self.binaries.iter().flat_map(|binary| self.binary(binary)));
        if let PolicyState::Broken(mistake) = &self.policy {
            // A server falls back to the built-in policy.
            found.push(Diagnosis { is_fault: !self.is_bare, finding: Finding::BrokenPolicy(mistake) });
        }
        if !found.iter().any(|diagnosis| diagnosis.is_fault) {
            found.extend(self.not_refused().map(fault));
        }
        found.extend(self.notes().into_iter().map(note));
        found.sort_by_key(|diagnosis| !diagnosis.is_fault);
        found
    }

    /// The hooks that are guarded: by a file, by the configuration, or by what another's
    /// hook was seen to do.
    #[must_use]
    pub fn guarded(&self) -> Vec<Hook> {
        let is_guarded = |place: &&Place| {
            place.is_guarded() || self.configured(place.hook).is_some() || self.is_shown(place.hook)
        };
        self.hooks.places.iter().filter(is_guarded).map(|place| place.hook).collect()
    }

    /// The lowest level that has all hooks that are guarded.
    #[must_use]
    pub fn level(&self) -> Level {
        let guarded = self.guarded();
        // A bare repository has no levels.
        let levels = guarded.into_iter().filter(|_| !self.is_bare).map(Level::of);
        levels.max().unwrap_or(Level::Default)
    }

    /// Whether `install` links the hooks or configures them, and does not leave it to the
    /// owner of the hooks directory.
    #[must_use]
    pub fn is_installable(&self) -> bool {
        self.too_old.is_none() || hooks::Hooks::new(&self.place.directory, &self.place.common_dir).is_ok()
    }

    /// The hooks without which there is no guard.
    fn required(&self) -> Vec<Hook> {
        if self.is_bare { BARE_HOOKS.to_vec() } else { Level::Default.hooks() }
    }

    fn configured(&self, event: Hook) -> Option<&ConfiguredHook> {
        let is_run = |hook: &&ConfiguredHook| hook.event == event && hook.is_enabled;
        self.configured.iter().find(is_run).filter(|_| self.too_old.is_none())
    }

    /// What a hook said of session work.
    fn answer(&self, hook: Hook) -> Option<&Answer> {
        let mut staged = self.probe.iter().flat_map(|probe| &probe.staged);
        staged.find(|(asked, _)| *asked == hook).map(|(_, answer)| answer)
    }

    fn is_shown(&self, hook: Hook) -> bool {
        self.answer(hook) == Some(&Answer::Refused)
    }

    fn is_needed(&self, hook: Hook) -> bool {
        self.required().contains(&hook) && !self.guarded().contains(&hook)
    }

    fn hooks_path(&self) -> Vec<Diagnosis<'_>> {
        let Some(origin) = &self.place.origin else { return Vec::new() };
        if self.is_place_there {
            let without = self.worktrees_without.iter();
            return without.map(|worktree| note(Finding::NoDirectoryIn(worktree, origin))).collect();
        }
        let is_fault = self.required().into_iter().any(|hook| self.is_needed(hook));
        vec![Diagnosis { is_fault, finding: Finding::NoDirectory(origin) }]
    }

    /// What is wrong at the place of a hook. Another's hook is wrong only where there is
    /// no guard without it.
    fn place<'e>(&'e self, place: &'e Place) -> Option<Diagnosis<'e>> {
        let finding = match (place.stands, place.is_ours) {
            (Stands::Runs, true) => return None,
            // The directory that is not there was named already.
            (Stands::Nothing, _) if !self.is_place_there && self.place.origin.is_some() => return None,
            (Stands::Nothing, _) => Finding::NoHook(place),
            (Stands::Runs, false) => Finding::Foreign(place, self.answer(place.hook)),
            (Stands::Dangling, _) => Finding::Dangling(place),
            (Stands::NotExecutable, _) => Finding::NotExecutable(place),
            (Stands::Overwritten, _) => Finding::Overwritten(place),
        };
        (place.is_ours || self.is_needed(place.hook)).then(|| fault(finding))
    }

    fn binary<'e>(&self, binary: &'e Binary) -> Vec<Diagnosis<'e>> {
        if let Err(why) = &binary.version {
            return vec![fault(Finding::BinaryFails(binary, why))];
        }
        let is_passing =
            binary.is_in_worktree || binary.real.components().any(|part| part.as_os_str() == "target");
        let found = [
            (binary.real != self.own, Finding::OtherBinary(binary)),
            (is_passing, Finding::PassingBinary(binary)),
        ];
        found.into_iter().filter(|(is_so, _)| *is_so).map(|(_, finding)| note(finding)).collect()
    }

    /// The hooks that are said to be guarded, and let the probe pass.
    fn not_refused(&self) -> impl Iterator<Item = Finding<'_>> {
        let staged = self.probe.iter().flat_map(|probe| &probe.staged);
        staged
            .filter(|(_, answer)| *answer != Answer::Refused)
            .map(|(hook, answer)| Finding::NotRefused(*hook, answer))
    }

    /// What is to be known of a hook that was there before.
    fn kept<'e>(&self, place: &'e Place) -> Option<Finding<'e>> {
        let kept = place.kept.as_ref()?;
        let runs_aside = place.manager.is_some_and(Manager::runs_aside) && self.is_shown(place.hook);
        match kept.manager {
            _ if !kept.runs => (!runs_aside).then_some(Finding::KeptOff(place, kept)),
            Some(Manager::Lefthook) => Some(Finding::NotForLong(place, Manager::Lefthook)),
            _ => None,
        }
    }

    fn notes(&self) -> Vec<Finding<'_>> {
        let mut notes = Vec::new();
        if let Some(Probe { clean, is_in_session_directory, .. }) = &self.probe {
            notes.extend((!is_in_session_directory).then_some(Finding::SessionAllowed));
            let is_anothers = *clean != Answer::Passed && self.is_shown(Hook::PreCommit);
            notes.extend(is_anothers.then_some(Finding::CleanStopped(clean)));
        }
        notes.extend((self.is_session_ignored == Some(false)).then_some(Finding::SessionNotIgnored));
        let (guarded, level) = (self.guarded(), self.level());
        // What another manager runs there cannot be told.
        let is_anothers =
            |hook: Hook| self.hooks.places.iter().any(|place| place.hook == hook && place.manager.is_some());
        let is_missing =
            |hook: &Hook| !guarded.contains(hook) && !self.required().contains(hook) && !is_anothers(*hook);
        let levelled = if self.is_bare { BARE_HOOKS.to_vec() } else { level.hooks() };
        let missing: Vec<Hook> = levelled.into_iter().filter(is_missing).collect();
        notes.extend((!missing.is_empty()).then_some(Finding::Incomplete(level, missing)));
        let too_old = self.too_old.as_deref().filter(|_| !self.configured.is_empty());
        notes.extend(too_old.map(Finding::TooOld));
        notes.extend(self.configured.iter().filter(|hook| !hook.is_enabled).map(Finding::SwitchedOff));
        let linked = self.hooks.places.iter().filter(|place| place.is_guarded());
        notes.extend(linked.filter_map(|place| self.configured(place.hook)).map(Finding::Twice));
        notes.extend(self.hooks.places.iter().filter_map(|place| self.kept(place)));
        // Some managers run what they have moved aside.
        let aside = self.hooks.aside.iter().filter(|(hook, _)| !self.is_shown(*hook));
        notes.extend(aside.map(|(_, path)| Finding::Aside(path)));
        notes.extend(self.hooks.elsewhere.iter().map(Finding::Elsewhere));
        notes
    }
}

fn fault(finding: Finding<'_>) -> Diagnosis<'_> {
    Diagnosis { is_fault: true, finding }
}

fn note(finding: Finding<'_>) -> Diagnosis<'_> {
    Diagnosis { is_fault: false, finding }
}
