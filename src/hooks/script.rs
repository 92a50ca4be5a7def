//! The script of a guarded hook, and how it is recognised.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use bstr::ByteSlice;

use crate::git::{Hook, ObjectFormat, read_regular_file};

/// The exit code of `hook --proof` if the check has run and nothing was refused.
///
/// The scripts of hooks and configured hooks take no other code for it: an empty program exits with 0.
pub const PROOF: u8 = 119;

/// The script before `install` writes the name of the hook and the path of the program into it.
const TEMPLATE: &str = include_str!("../../hooks/pre-commit");

/// The lines of [`TEMPLATE`] for the two values.
const VALUES: &str = "\nhook=${0##*/}\nprogram=stage-guard\n";

/// The blob ids of the earlier templates, each with its values as in the source tree.
///
/// A commit that changes the template adds the id of the old one. All but the first two were
/// installed as one file for all hooks, which the hooks were symlinks to.
const EARLIER: [&str; 13] = [
    "3153366428c3a6bfcb46ee8dc091c4c94b361886",
    "8fccd5abac753accfa2456a0a09da4f6480814cc",
    "8daa3860999ea675b8561a1d29f745489d0ba687",
    "68f260cd0ecf2abd29b241dfb587f7822a0b742e",
    "d474210c99d6a8c2a991a6c0a025dacfdec0d1e6",
    "fa2df3f03286d03f05099c75225dcca57216cd10",
    "cfadd328f9d20d27851c63c4df3c926d908d4330",
    "57e40628dc10b0ea4a8cb92e94e67a924a3a8cd8",
    "bd7216cfc77865b0a10346d37449ab17fb53c2b8",
    "e0c83af3c22c27fba3615a754f4c4a5267dcce79",
    "07998bf660dcd8c66b38e850f1502a529ca164d5",
    "579c2fcbc24b518db697a491082cbd5abb84880b",
    "fa9504cab8512698a5b76a3179ca469ff4df7d31",
];

/// The values that `install` wrote into the lines of the earlier templates.
const EARLIER_VALUES: [(&str, &str); 3] =
    [("program=", "stage-guard"), ("stage_guard=", "stage-guard"), ("kept=", "")];

/// The mode of a hook. Other programs that write to it must replace it instead.
pub(super) const MODE: u32 = 0o555;

/// The maximum size of a file that may be a hook of stage-guard, in bytes.
const MAX_SIZE: u64 = 32 * 1024;

/// A file that is a hook of stage-guard, byte for byte.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct HookScript {
    /// The hook that it guards; `None` if it takes that from its own name.
    pub hook: Option<Hook>,
    /// The program that it runs.
    pub program: PathBuf,
}

impl HookScript {
    /// Returns the text of the file at `hook` that runs `program`.
    pub(super) fn text(hook: Hook, program: &Path) -> Vec<u8> {
        let (start, end) = template();
        let quoted = program.as_os_str().as_bytes().replace("'", r"'\''");
        let hook = format!("\nhook={hook}\nprogram='");
        [start.as_bytes(), hook.as_bytes(), &quoted, b"'\n", end.as_bytes()].concat()
    }

    /// Parses a script of this or an earlier version; `None` if one byte differs.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        if text == TEMPLATE.as_bytes() {
            return Some(Self::unknown());
        }
        Self::parse_installed(text).or_else(|| Self::parse_earlier(text))
    }

    /// Parses a script of this version: the inverse of [`HookScript::text`].
    fn parse_installed(text: &[u8]) -> Option<Self> {
        let (start, end) = template();
        let values = text.strip_prefix(start.as_bytes())?.strip_suffix(end.as_bytes())?;
        let (hook, program) = values.strip_prefix(b"\nhook=")?.split_once_str("\n")?;
        let quoted = program.strip_prefix(b"program='")?.strip_suffix(b"'\n")?;
        let hook = hook.to_str().ok()?.parse().ok()?;
        let program = PathBuf::from(OsStr::from_bytes(&quoted.replace(r"'\''", "'")));
        (Self::text(hook, &program) == text).then_some(Self { hook: Some(hook), program })
    }

    /// Parses a script of an earlier version, with its values replaced by those of the template.
    fn parse_earlier(text: &[u8]) -> Option<Self> {
        let mut script = Self::unknown();
        let mut template = Vec::with_capacity(text.len());
        for line in text.lines_with_terminator() {
            let hook = line.strip_prefix(b"hook=").and_then(|name| name.strip_suffix(b"\n"));
            let hook = hook.and_then(|name| name.to_str().ok()?.parse().ok());
            let value = EARLIER_VALUES.iter().find_map(|(name, value)| {
                let quoted = line.strip_prefix(name.as_bytes())?.strip_prefix(b"'")?.strip_suffix(b"'\n")?;
                // A quote that `install` did not write would end the value, and begin a command.
                let is_one_word = !quoted.replace(r"'\''", "").contains(&b'\'');
                is_one_word.then_some((*name, *value, quoted))
            });
            if hook.is_some() {
                script.hook = hook;
                template.extend_from_slice(b"hook=${0##*/}\n");
            } else if let Some((name, value, quoted)) = value {
                if !value.is_empty() {
                    script.program = OsStr::from_bytes(&quoted.replace(r"'\''", "'")).into();
                }
                template.extend_from_slice([name, value, "\n"].concat().as_bytes());
            } else {
                template.extend_from_slice(line);
            }
        }
        let id = ObjectFormat::Sha1.blob_id(&template);
        EARLIER.contains(&id.as_str()).then_some(script)
    }

    /// Returns the script of a symlink to a shim of version 0.1.0 that cannot be read.
    pub(super) fn unknown() -> Self {
        Self { hook: None, program: "stage-guard".into() }
    }

    /// Reads the script at `path`; `None` if it is another file, or a symlink.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        if !metadata.is_file() || metadata.len() > MAX_SIZE {
            return None;
        }
        Self::parse(&fs::read(path).ok()?)
    }
}

/// Returns the parts of [`TEMPLATE`] before and after its two values.
fn template() -> (&'static str, &'static str) {
    TEMPLATE.split_once(VALUES).unwrap_or_default()
}

/// Returns whether the file at `path` has the text and the mode of a hook.
pub(super) fn is_written(path: &Path, text: &[u8]) -> bool {
    let is_mode =
        |metadata: fs::Metadata| metadata.is_file() && metadata.permissions().mode() & 0o777 == MODE;
    fs::symlink_metadata(path).is_ok_and(is_mode) && fs::read(path).is_ok_and(|present| present == text)
}

/// The directory of the guard's files in the common git directory.
pub(super) const DIRECTORY: &str = "stage-guard";

/// Returns the file that the hooks of version 0.1.0 are symlinks to.
pub(super) fn shim_path(common_dir: &Path) -> PathBuf {
    common_dir.join(DIRECTORY).join("hook")
}

/// Returns the path of the shim relative to a hooks directory, as version 0.1.0 wrote it.
pub(super) fn relative_shim_path(hooks_directory: &Path, common_dir: &Path) -> PathBuf {
    let inside = hooks_directory.strip_prefix(common_dir).unwrap_or(hooks_directory);
    let up = inside.components().map(|_| Component::ParentDir.as_os_str());
    up.chain([OsStr::new(DIRECTORY), OsStr::new("hook")]).collect()
}

/// Returns whether `path` exists and is a shim of no version: another program has overwritten it.
pub(super) fn is_overwritten(path: &Path) -> bool {
    path.exists() && !read_regular_file(path).is_ok_and(|text| HookScript::parse(&text).is_some())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::{fs, str};

    use super::{HookScript, PROOF, TEMPLATE, relative_shim_path, template};
    use crate::git::Hook;

    #[test]
    fn the_template_has_two_values() {
        let (start, end) = template();
        assert!(start.starts_with("#!/bin/sh\n") && end.ends_with("exit \"$code\"\n"));
        assert!(TEMPLATE.contains(&format!("\n    {PROOF}) exit 0 ;;\n")));
    }

    #[test]
    fn parse_is_the_inverse_of_text() {
        for program in ["/usr/bin/stage-guard", "/it's 'here'/stage guard", "/a\nb", "/x'\ny", "/'"] {
            for hook in Hook::ALL {
                let parsed = HookScript::parse(&HookScript::text(hook, Path::new(program)));
                assert_eq!(parsed, Some(HookScript { hook: Some(hook), program: program.into() }));
            }
        }
    }

    #[test]
    fn a_script_with_one_other_byte_is_not_a_hook_of_stage_guard() {
        let text = HookScript::text(Hook::PrePush, Path::new("/usr/bin/stage-guard"));
        let text = str::from_utf8(&text).unwrap();
        for other in [
            format!("{text}\n"),
            format!("{text}echo mine\n"),
            text.replace("119", "0"),
            text.replace("hook=pre-push", "hook=post-commit"),
            text.replace("hook=pre-push", "hook='pre-push'"),
            text.replace("program='", "program=\""),
            text.replace("/stage-guard'", "/stage-guard'; true '"),
            text.trim_end().to_owned(),
            format!("{TEMPLATE} "),
            String::new(),
        ] {
            assert_eq!(HookScript::parse(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn scripts_of_earlier_versions_are_recognised() {
        let shim = include_str!("../../tests/sandbox/shim-0.1.0.sh");
        let installed = shim.replace("stage_guard=stage-guard", "stage_guard='/a b'");
        assert_eq!(HookScript::parse(shim.as_bytes()), Some(HookScript::unknown()));
        let expected = HookScript { hook: None, program: "/a b".into() };
        assert_eq!(HookScript::parse(installed.as_bytes()), Some(expected));
        for other in [format!("{installed}true\n"), installed.replace("'/a b'", "'/a'; true 'b'")] {
            assert_eq!(HookScript::parse(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_symlink_is_not_a_script() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::write(path("hook"), TEMPLATE).unwrap();
        std::os::unix::fs::symlink("hook", path("link")).unwrap();
        assert!(HookScript::read(&path("hook")).is_some());
        assert!(HookScript::read(&path("link")).is_none() && HookScript::read(directory.path()).is_none());
    }

    #[test]
    fn the_relative_path_climbs_to_the_git_directory() {
        let relative = |directory| relative_shim_path(Path::new(directory), Path::new("/r/.git"));
        assert_eq!(relative("/r/.git/hooks"), Path::new("../stage-guard/hook"));
        assert_eq!(relative("/r/.git/my/own/hooks"), Path::new("../../../stage-guard/hook"));
    }
}
