//! The shim: the script that every guarded hook is a symlink to.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use bstr::ByteSlice;

use crate::git::read_regular_file;

/// The script before `install` writes the path of the program into it.
const TEMPLATE: &str = include_str!("../../hooks/pre-commit");

/// The line of [`TEMPLATE`] that names the program.
const PROGRAM_LINE: &str = "stage_guard=stage-guard\n";

/// Comments of which every version of the shim contains one, and no other hook does.
const MARKERS: [&str; 2] = [
    "\n# The hook of stage-guard: git runs it under the name of each guarded hook.",
    "\n# git runs this under the name of the hook that it stands for.",
];

/// The directory of the shim, in the common git directory.
pub(super) const DIRECTORY: &str = "stage-guard";

/// The shim's file name.
const FILE_NAME: &str = "hook";

/// Returns the path of the shim.
pub(super) fn path(common_dir: &Path) -> PathBuf {
    common_dir.join(DIRECTORY).join(FILE_NAME)
}

/// Returns the path of the shim relative to a hooks directory, so that a repository can move.
pub(super) fn relative_path(hooks_directory: &Path, common_dir: &Path) -> PathBuf {
    let inside = hooks_directory.strip_prefix(common_dir).unwrap_or(hooks_directory);
    let up = inside.components().map(|_| Component::ParentDir.as_os_str());
    up.chain([OsStr::new(DIRECTORY), OsStr::new(FILE_NAME)]).collect()
}

/// Returns the shim that runs `binary`.
pub(super) fn text(binary: &Path) -> Vec<u8> {
    let quoted = binary.as_os_str().as_bytes().replace("'", r"'\''");
    TEMPLATE.as_bytes().replace(PROGRAM_LINE, [b"stage_guard='", quoted.as_slice(), b"'\n"].concat())
}

/// Returns the program that a shim runs: the inverse of [`text`].
pub(super) fn program(shim: &[u8]) -> Option<PathBuf> {
    let value = shim.split_once_str("\nstage_guard=")?.1;
    let quoted = value.split_once_str("'\n").and_then(|(value, _)| value.strip_prefix(b"'"));
    // A shim that was not installed looks the program up on `PATH`.
    let path = quoted.map_or_else(|| b"stage-guard".to_vec(), |path| path.replace(r"'\''", "'"));
    Some(OsStr::from_bytes(&path).into())
}

/// Returns whether `path` is a shim or resolves to one.
pub(super) fn resolves_to_shim(path: &Path) -> bool {
    read_regular_file(path).is_ok_and(|text| MARKERS.iter().any(|marker| text.contains_str(marker)))
}

/// Returns whether `path` exists and resolves to something other than a shim.
pub(super) fn is_overwritten(path: &Path) -> bool {
    path.exists() && !resolves_to_shim(path)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use bstr::ByteSlice;

    use super::{MARKERS, TEMPLATE, is_overwritten, program, relative_path, resolves_to_shim, text};

    #[test]
    fn the_template_has_the_current_marker() {
        assert!(TEMPLATE.contains(MARKERS[0]));
        assert!(!TEMPLATE.contains(MARKERS[1]));
    }

    #[test]
    fn shims_of_earlier_versions_are_recognised() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hook");
        for (text, is_shim) in [
            ("#!/bin/sh\n# git runs this under the name of the hook that it stands for. Built-ins", true),
            (TEMPLATE, true),
            ("#!/bin/sh\nexec stage-guard hook pre-commit\n", false),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(resolves_to_shim(&path), is_shim, "{text}");
            assert_eq!(is_overwritten(&path), !is_shim, "{text}");
        }
        assert!(!resolves_to_shim(directory.path()));
    }

    #[test]
    fn program_is_the_inverse_of_text() {
        for path in ["/usr/bin/stage-guard", "/it's 'here'/stage guard", "/a\nb"] {
            assert_eq!(program(&text(Path::new(path))).unwrap(), Path::new(path));
        }
        assert_eq!(program(TEMPLATE.as_bytes()).unwrap(), Path::new("stage-guard"));
        assert_eq!(program(b"#!/bin/sh\n"), None);
    }

    #[test]
    fn the_program_is_quoted_once() {
        assert!(text(Path::new("/x")).contains_str("\nstage_guard='/x'\n"));
    }

    #[test]
    fn the_relative_path_climbs_to_the_git_directory() {
        let relative = |directory| relative_path(Path::new(directory), Path::new("/r/.git"));
        assert_eq!(relative("/r/.git/hooks"), Path::new("../stage-guard/hook"));
        assert_eq!(relative("/r/.git/my/own/hooks"), Path::new("../../../stage-guard/hook"));
        assert_eq!(relative("/r/.git"), Path::new("stage-guard/hook"));
    }
}
