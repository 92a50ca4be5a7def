//! Programs and redirections that remove, replace or disable hook files.
//!
//! Paths are compared by their text: the name of a git directory ends with `.git`.

use std::cell::LazyCell;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice, ByteVec};

use super::directories::is_known;
use super::options::{Options, is_short_group, split_option};
use super::walk::{Run, Shell};
use super::{Budget, Bypass, Disk, glob};
use crate::git::Hook;

/// What a program does to the files in its arguments.
#[derive(Clone, Copy)]
enum FileEffect {
    /// It removes or truncates each of them.
    Removes,
    /// It writes to each of them.
    Writes,
    /// It removes all but the last one, and writes to that one.
    Moves,
    /// It writes to the last one.
    Copies,
    /// It writes to the last one if an option forces it.
    Links,
    /// It changes their mode.
    ChangesMode,
    /// It writes to each of them with the option `-i`. These short options have a value.
    Edits(&'static str),
    /// It writes to the file in `of=FILE`.
    WritesOf,
}

const PROGRAMS: [(&str, FileEffect); 13] = [
    ("rm", FileEffect::Removes),
    ("unlink", FileEffect::Removes),
    ("shred", FileEffect::Removes),
    ("truncate", FileEffect::Removes),
    ("tee", FileEffect::Writes),
    ("mv", FileEffect::Moves),
    ("cp", FileEffect::Copies),
    ("install", FileEffect::Copies),
    ("ln", FileEffect::Links),
    ("chmod", FileEffect::ChangesMode),
    ("sed", FileEffect::Edits("efl")),
    ("perl", FileEffect::Edits("eEIMmF")),
    ("dd", FileEffect::WritesOf),
];

/// The deepest directory in a git directory from which hook files are named by relative paths.
const MAX_DEPTH: usize = 16;

/// The longest path that is judged, in bytes.
const MAX_PATH: usize = 1024;

/// The number of words of a command that are judged.
const MAX_WORDS: usize = 4000;

/// The number of choices to which a word is expanded.
const MAX_CHOICES: usize = 16;

/// A file, or a directory, that a command changes.
enum Changed {
    /// It is no longer there, or git no longer runs it.
    Removed(BString),
    /// A part of its text, or its mode, is another one.
    Edited(BString),
    /// It has another text. This does not change a directory.
    Written(BString),
}

/// Judges the files that a command changes, of which `budget` bytes are read.
pub(super) fn judge(run: &Run, disk: Disk, budget: &Budget) -> Option<Bypass> {
    let effect = PROGRAMS.iter().find(|(program, _)| run.program == program).map(|(_, effect)| *effect);
    if effect.is_none() && run.written.is_empty() {
        return None;
    }
    let expand =
        |words: &[BString]| -> Vec<BString> {
            let words = words.iter().filter(|word| word.len() <= MAX_PATH).take(MAX_WORDS);
            let words = words.map(|word| run.shell.variables.expand(word.as_bstr()));
            let words = words.flat_map(|word| {
                if budget.spend(word.len()) { expand_braces(&word, budget) } else { Vec::new() }
            });
            words.collect()
        };
    let by_program = effect.map(|effect| effect.changed(&expand(run.arguments))).unwrap_or_default();
    let redirected = expand(run.written).into_iter().map(Changed::Written);
    let directory = below_git_directory(run.shell);
    let sets_hooks_path = LazyCell::new(|| sets_hooks_path(run));
    let empties = run.arguments.is_empty() && matches!(run.program.as_bytes(), b"" | b":" | b"true");
    redirected.chain(by_program).take_while(|changed| budget.spend(changed.path().len())).find_map(
        |changed| {
            let is_name = if matches!(changed, Changed::Written(_)) { is_equal } else { matches };
            let guarded = guarded(&directory, changed.path(), is_name)?;
            match (guarded, changed) {
                (Guarded::Hook, changed) if is_other_hook(run.shell, changed.path(), disk) => None,
                (_, changed) if is_elsewhere(run.shell, changed.path(), disk) => None,
                (Guarded::Directory, Changed::Written(_))
                | (Guarded::UserConfiguration, Changed::Removed(_)) => None,
                (Guarded::Configuration, Changed::Removed(path)) => Some(Bypass::HookChanged(path)),
                (Guarded::Configuration, Changed::Written(path)) if empties => {
                    Some(Bypass::HookChanged(path))
                }
                (Guarded::Configuration | Guarded::UserConfiguration, Changed::Edited(_)) => {
                    assigns_hooks_path(run).then(hooks_path_overridden)
                }
                (Guarded::Configuration | Guarded::UserConfiguration, Changed::Written(_)) => {
                    sets_hooks_path.then(hooks_path_overridden)
                }
                (Guarded::Directory | Guarded::Hook | Guarded::State, changed) => {
                    Some(Bypass::HookChanged(changed.into_path()))
                }
            }
        },
    )
}

fn hooks_path_overridden() -> Bypass {
    Bypass::HooksOverridden("core.hooksPath".into())
}

/// Whether a file is a guarded hook or belongs to this program, by its absolute path.
///
/// `may_be_guard` is that of [`Disk`].
#[must_use]
pub(crate) fn is_guarded_file(file: &Path, may_be_guard: impl FnOnce(&Path) -> bool) -> bool {
    match guarded(&[], &file.as_os_str().as_encoded_bytes().into(), |name, hook| name == hook) {
        Some(Guarded::Hook) => may_be_guard(file),
        Some(Guarded::State) => true,
        Some(Guarded::Directory | Guarded::Configuration | Guarded::UserConfiguration) | None => false,
    }
}

/// Whether `path`, which has the name of a guarded hook, is known not to run this program.
fn is_other_hook(shell: &Shell, path: &BString, disk: Disk) -> bool {
    let path = shell.directories.join(path.as_bstr());
    is_known(&path) && !(disk.may_be_guard)(&path)
}

/// Whether `path` is in the git directory of a repository that this program does not guard.
fn is_elsewhere(shell: &Shell, path: &BString, disk: Disk) -> bool {
    let path = shell.directories.join(path.as_bstr());
    let is_git_directory = |path: &&Path| path.as_os_str().as_encoded_bytes().ends_with(b".git");
    // The one in the directory that the script runs in always counts.
    path.ancestors()
        .filter(is_git_directory)
        .last()
        .is_some_and(|directory| directory != Path::new(".git") && (disk.is_unguarded)(directory))
}

/// Whether the text that a command writes mentions `core.hooksPath`.
fn sets_hooks_path(run: &Run) -> bool {
    let mentions = |text: &[u8]| text.to_ascii_lowercase().contains_str("hookspath");
    mentions(run.input) || run.arguments.iter().any(|word| mentions(word))
}

/// Whether a word of a command assigns a value to `core.hooksPath`, which it may delete.
fn assigns_hooks_path(run: &Run) -> bool {
    run.arguments.iter().any(|word| {
        let word = word.to_ascii_lowercase();
        let after = word.split_once_str("hookspath").map(|(_, after)| after.trim_ascii_start());
        after.is_some_and(|after| after.starts_with(b"="))
    })
}

impl Changed {
    fn path(&self) -> &BString {
        let (Self::Removed(path) | Self::Edited(path) | Self::Written(path)) = self;
        path
    }

    fn into_path(self) -> BString {
        let (Self::Removed(path) | Self::Edited(path) | Self::Written(path)) = self;
        path
    }
}

impl FileEffect {
    /// Returns the files that a program changes with the arguments `words`.
    fn changed(self, words: &[BString]) -> Vec<Changed> {
        let removed = || operands(words).cloned().map(Changed::Removed).collect();
        let copy = || Copy::parse(words);
        match self {
            Self::Removes => removed(),
            Self::Writes => operands(words).cloned().map(Changed::Written).collect(),
            Self::Moves => {
                copy().map(|copy| copy.written().chain(copy.removed()).collect()).unwrap_or_default()
            }
            Self::Copies => copy().map(|copy| copy.written().collect()).unwrap_or_default(),
            Self::Links if has_option(words, b'f', "--force", "") => Self::Copies.changed(words),
            Self::Edits(with_value) if has_option(words, b'i', "--in-place", with_value) => {
                let options = Options::parse(words, with_value, &["--expression", "--file"]);
                let is_script =
                    |name: &[u8]| matches!(name, b"e" | b"E" | b"f" | b"--expression" | b"--file");
                let has_script = options.values.iter().any(|(name, _)| is_script(name));
                let files = options.operands.into_iter().skip(usize::from(!has_script));
                files.cloned().map(Changed::Edited).collect()
            }
            Self::Links | Self::Edits(_) => Vec::new(),
            Self::ChangesMode if words.iter().any(|word| word.starts_with(b"--ref")) => {
                operands(words).cloned().map(Changed::Edited).collect()
            }
            Self::ChangesMode => {
                let Some(mode) = words.iter().position(is_mode) else { return Vec::new() };
                let files = words[mode + 1..].iter().filter(|_| prevents_execution(&words[mode]));
                files.cloned().map(Changed::Edited).collect()
            }
            Self::WritesOf => {
                let files = words.iter().filter_map(|word| word.strip_prefix(b"of="));
                files.map(|file| Changed::Written(file.into())).collect()
            }
        }
    }
}

/// Expands the first `{a,b}` of a word, to as many words as `budget` allows.
fn expand_braces(word: &BStr, budget: &Budget) -> Vec<BString> {
    let expand = || {
        let (before, rest) = word.split_once_str("{")?;
        let (choices, after) = rest.split_once_str("}").filter(|(choices, _)| choices.contains(&b','))?;
        let choices = choices.split(|byte| *byte == b',').take(MAX_CHOICES);
        let choices = choices.take_while(|_| budget.spend(word.len()));
        Some(choices.map(|choice| bstr::concat([before, choice, after]).into()).collect())
    };
    expand().unwrap_or_else(|| vec![word.to_owned()])
}

/// Returns the words that are no options.
fn operands(words: &[BString]) -> impl Iterator<Item = &BString> {
    let (before, after) = words.split_at(words.iter().take_while(|word| *word != "--").count());
    before.iter().filter(|word| !word.starts_with(b"-")).chain(after.iter().skip(1))
}

/// Whether one of `words` is the option, which has a short and a long form.
fn has_option(words: &[BString], short: u8, long: &str, with_value: &str) -> bool {
    words.iter().any(|word| {
        let has_letter = || split_option(word, with_value, "", &[]).0.contains(&short);
        word.starts_with(long.as_bytes()) || is_short_group(word) && has_letter()
    })
}

/// Long options of `cp` and the like with a value.
const COPY_WITH_VALUE: [&str; 5] = ["--target-directory", "--suffix", "--mode", "--owner", "--group"];

/// The operands of `cp` and the like.
struct Copy<'w> {
    sources: Vec<&'w BString>,
    /// The file, or the directory in which each file keeps its name.
    target: &'w [u8],
}

impl<'w> Copy<'w> {
    fn parse(words: &'w [BString]) -> Option<Self> {
        let options = Options::parse(words, "tSmog", &COPY_WITH_VALUE);
        let is_target = |(name, _): &&(&[u8], &[u8])| matches!(*name, b"t" | b"--target-directory");
        let target = options.values.iter().rfind(is_target).map(|(_, target)| *target);
        let mut sources = options.operands;
        let target = target.or_else(|| sources.pop().map(|target| target.as_slice()))?;
        (!sources.is_empty()).then_some(Self { sources, target })
    }

    fn written(&self) -> impl Iterator<Item = Changed> {
        let inside = self.sources.iter().map(|source| {
            let name = source.rsplit(|byte| *byte == b'/').find(|name| !name.is_empty());
            bstr::join("/", [self.target, name.unwrap_or_default()]).into()
        });
        inside.chain([self.target.into()]).map(Changed::Written)
    }

    fn removed(&self) -> impl Iterator<Item = Changed> {
        self.sources.iter().map(|source| Changed::Removed((*source).clone()))
    }
}

/// Whether a word is the mode of `chmod`, and not one of its options.
fn is_mode(word: &BString) -> bool {
    word.strip_prefix(b"-").is_none_or(|letters| letters.iter().all(|letter| b"rwxXst".contains(letter)))
}

/// Whether the owner of a file cannot execute it with this mode of `chmod`.
fn prevents_execution(mode: &BString) -> bool {
    if let Some(mode) = mode.to_str().ok().and_then(|mode| u32::from_str_radix(mode, 8).ok()) {
        return mode & 0o100 == 0;
    }
    mode.split(|byte| *byte == b',').any(|clause| {
        let (who, changes) = clause.split_at(clause.iter().take_while(|byte| b"ugoa".contains(byte)).count());
        let concerns_owner = who.is_empty() || who.contains(&b'u') || who.contains(&b'a');
        // A clause may have several changes: `u+w-x`.
        let mut changes = changes.chunk_by(|_, next| !b"+-=".contains(next));
        let prevents = |change: &[u8]| {
            let allows = change.contains(&b'x') || change.contains(&b'X');
            change.starts_with(b"-") && allows || change.starts_with(b"=") && !allows
        };
        concerns_owner && changes.any(prevents)
    })
}

/// What a path is to the hooks that stage-guard guards.
enum Guarded {
    /// A directory with such hooks.
    Directory,
    /// A file with the name of such a hook.
    Hook,
    /// A file of this program.
    State,
    /// The configuration file of a repository.
    Configuration,
    /// The configuration file of a user.
    UserConfiguration,
}

/// Returns the components of the shell's directory from the git directory on.
///
/// There are none if it is not in a git directory, or deeper in it than any hook.
fn below_git_directory(shell: &Shell) -> Vec<&[u8]> {
    let components = append(Vec::new(), shell.directories.current().as_os_str().as_encoded_bytes());
    let start = git_directory(&components).filter(|start| components.len() - start <= MAX_DEPTH);
    start.map(|start| components[start..].to_vec()).unwrap_or_default()
}

/// Returns what `path`, in `directory`, is to the guarded hooks.
///
/// `is_name` tells whether the last component of `path` stands for the name of a hook.
fn guarded(directory: &[&[u8]], path: &BString, is_name: fn(&[u8], &[u8]) -> bool) -> Option<Guarded> {
    if directory.is_empty() && !path.contains_str(".git") {
        return None;
    }
    let is_absolute = path.first().is_some_and(|first| b"/~$".contains(first));
    let components = append(if is_absolute { Vec::new() } else { directory.to_vec() }, path);
    if let [.., b".gitconfig"] = components[..] {
        return Some(Guarded::UserConfiguration);
    }
    match components[git_directory(&components)? + 1..] {
        [b"config" | b"config.worktree"] => Some(Guarded::Configuration),
        [b"hooks" | b"stage-guard"] | [b"modules", .., b"hooks"] => Some(Guarded::Directory),
        [b"stage-guard", ..] => Some(Guarded::State),
        [b"hooks", name] | [b"modules", .., b"hooks", name] => {
            Hook::ALL.iter().any(|hook| is_name(name, hook.name().as_bytes())).then_some(Guarded::Hook)
        }
        _ => None,
    }
}

/// Returns `components` and those of `path`, without `.` and `..`.
fn append<'p>(mut components: Vec<&'p [u8]>, path: &'p [u8]) -> Vec<&'p [u8]> {
    for component in path.split(|byte| *byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => drop(components.pop()),
            _ => components.push(component),
        }
    }
    components
}

/// Returns the position of the first git directory.
fn git_directory(components: &[&[u8]]) -> Option<usize> {
    components.iter().position(|component| component.ends_with(b".git"))
}

fn is_equal(name: &[u8], other: &[u8]) -> bool {
    name == other
}

/// Whether `pattern`, in which each expansion stands for any text, matches `name`.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    glob::matches(&with_wildcards(pattern), name)
}

/// Returns `text` with a `*` in the place of each expansion.
fn with_wildcards(text: &[u8]) -> BString {
    let mut pattern = BString::default();
    let mut rest = text;
    while let Some((before, expansion)) = rest.split_once_str("$") {
        pattern.push_str(before);
        pattern.push(b'*');
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        rest = match expansion {
            [b'{', ..] => expansion.split_once_str("}").map_or(&b""[..], |(_, rest)| rest),
            [b'(', b')', rest @ ..] => rest,
            _ => &expansion[expansion.iter().take_while(is_name).count()..],
        };
    }
    pattern.push_str(rest);
    pattern
}
