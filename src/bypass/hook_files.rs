//! Programs and redirections that remove, replace or disable hook files.
//!
//! Paths are compared by their text: the name of a git directory ends with `.git`.

use std::cell::LazyCell;

use bstr::{BStr, BString, ByteSlice, ByteVec};

use super::options::{is_short_group, split_option};
use super::walk::{Run, Shell};
use super::{Bypass, Disk};
use crate::git::Hook;

/// What a program does to the files in its arguments.
#[derive(Clone, Copy)]
enum Effect {
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

const PROGRAMS: [(&str, Effect); 13] = [
    ("rm", Effect::Removes),
    ("unlink", Effect::Removes),
    ("shred", Effect::Removes),
    ("truncate", Effect::Removes),
    ("tee", Effect::Writes),
    ("mv", Effect::Moves),
    ("cp", Effect::Copies),
    ("install", Effect::Copies),
    ("ln", Effect::Links),
    ("chmod", Effect::ChangesMode),
    ("sed", Effect::Edits("efl")),
    ("perl", Effect::Edits("eEIMmF")),
    ("dd", Effect::WritesOf),
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
    /// It has another text. This does not change a directory.
    Written(BString),
}

/// Judges the files that a command changes.
pub(super) fn judge(run: &Run, disk: Disk) -> Option<Bypass> {
    let effect = PROGRAMS.iter().find(|(program, _)| run.program == program).map(|(_, effect)| *effect);
    if effect.is_none() && run.written.is_empty() {
        return None;
    }
    let expand = |words: &[BString]| -> Vec<BString> {
        let words = words.iter().filter(|word| word.len() <= MAX_PATH).take(MAX_WORDS);
        words.flat_map(|word| expand_braces(&run.shell.variables.expand(word.as_bstr()))).collect()
    };
    let by_program = effect.map(|effect| effect.changed(&expand(run.arguments))).unwrap_or_default();
    let redirected = expand(run.written).into_iter().map(Changed::Written);
    let directory = below_git_directory(run.shell);
    let sets_hooks_path = LazyCell::new(|| sets_hooks_path(run));
    redirected.chain(by_program).find_map(|changed| match changed {
        Changed::Removed(path) => match guarded(&directory, &path, matches)? {
            Guarded::Hook if is_other_hook(run.shell, &path, disk) => None,
            Guarded::Directory | Guarded::Hook | Guarded::State => Some(Bypass::HookChanged(path)),
            Guarded::Configuration => None,
        },
        Changed::Written(path) => match guarded(&directory, &path, |name, hook| name == hook)? {
            Guarded::Hook if is_other_hook(run.shell, &path, disk) => None,
            Guarded::Hook | Guarded::State => Some(Bypass::HookChanged(path)),
            Guarded::Configuration => {
                sets_hooks_path.then(|| Bypass::HooksOverridden("core.hooksPath".into()))
            }
            Guarded::Directory => None,
        },
    })
}

/// Whether `path`, which has the name of a guarded hook, is known not to run this program.
fn is_other_hook(shell: &Shell, path: &BString, disk: Disk) -> bool {
    let path = shell.directory.join(path.to_path_lossy());
    let is_known = !path.as_os_str().as_encoded_bytes().iter().any(|byte| b"$*~".contains(byte));
    is_known && !(disk.may_be_guard)(&path)
}

/// Whether the text that a command writes mentions `core.hooksPath`.
fn sets_hooks_path(run: &Run) -> bool {
    let mentions = |text: &[u8]| text.to_ascii_lowercase().contains_str("hookspath");
    mentions(run.input) || run.arguments.iter().any(|word| mentions(word))
}

impl Effect {
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
            Self::Edits(with_value) if has_option(words, b'i', "--in-place", with_value) => removed(),
            Self::Links | Self::Edits(_) => Vec::new(),
            Self::ChangesMode => {
                let Some(mode) = words.iter().position(is_mode) else { return Vec::new() };
                let files = words[mode + 1..].iter().filter(|_| prevents_execution(&words[mode]));
                files.cloned().map(Changed::Removed).collect()
            }
            Self::WritesOf => {
                let files = words.iter().filter_map(|word| word.strip_prefix(b"of="));
                files.map(|file| Changed::Written(file.into())).collect()
            }
        }
    }
}

/// Returns the words for which `word` stands: one for each choice of its first `{a,b}`.
fn expand_braces(word: &BStr) -> Vec<BString> {
    let expand = || {
        let (before, rest) = word.split_once_str("{")?;
        let (choices, after) = rest.split_once_str("}").filter(|(choices, _)| choices.contains(&b','))?;
        let choices = choices.split(|byte| *byte == b',').take(MAX_CHOICES);
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

/// The operands of `cp` and the like.
struct Copy<'w> {
    sources: Vec<&'w BString>,
    /// The file, or the directory in which each file keeps its name.
    target: &'w [u8],
}

impl<'w> Copy<'w> {
    fn parse(words: &'w [BString]) -> Option<Self> {
        let next = |option: &str| words.get(words.iter().position(|word| word == option)? + 1);
        let long = words.iter().find_map(|word| word.strip_prefix(b"--target-directory="));
        let target = long.or_else(|| next("-t").map(|target| target.as_slice()));
        let mut sources: Vec<&BString> = operands(words).collect();
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
        let (who, change) = clause.split_at(clause.iter().take_while(|byte| b"ugoa".contains(byte)).count());
        let concerns_owner = who.is_empty() || who.contains(&b'u') || who.contains(&b'a');
        let allows = change.contains(&b'x') || change.contains(&b'X');
        concerns_owner && (change.starts_with(b"-") && allows || change.starts_with(b"=") && !allows)
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
    /// A configuration file of git.
    Configuration,
}

/// Returns the components of the shell's directory from the git directory on.
///
/// There are none if it is not in a git directory, or deeper in it than any hook.
fn below_git_directory(shell: &Shell) -> Vec<&[u8]> {
    let components = append(Vec::new(), shell.directory.as_os_str().as_encoded_bytes());
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
        return Some(Guarded::Configuration);
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

/// Whether `pattern`, in which `*` and each expansion stand for any text, matches `name`.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let pattern = with_wildcards(pattern);
    let mut parts = pattern.split(|byte| *byte == b'*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    let Some(middle) = rest.strip_suffix(last) else { return false };
    rest = middle;
    parts.all(|part| rest.find(part).map(|at| rest = &rest[at + part.len()..]).is_some())
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
