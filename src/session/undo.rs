//! The way back from a stow, as a script: what a user would have to type, and careful
//! not to touch what was made since.

use std::os::unix::ffi::OsStrExt;

use bstr::{BStr, BString, ByteSlice};

use super::{Entry, Task};
use crate::git::{Object, Repository};
use crate::report::escape::visible;

const HEAD: &str = r#"#!/bin/sh
# Undoes the last `stage-guard stow`, unless something has taken the place of what it moved.
set -eu

stop() {
    printf '%s\n' "stage-guard: $1, so nothing was undone" >&2
    exit 1
}
# PATH, and how it is shown.
is_free() {
    if [ -e "$1" ] || [ -L "$1" ]; then stop "$2 is there again"; fi
}
is_as_in_the_index() {
    git diff-files --quiet -- "$1" || stop "$2 was changed since"
}
is_still_there() {
    [ -e "$1" ] || [ -L "$1" ] || stop "$2 is no longer there"
}
give_way() {
    if [ -d "$1" ] && [ ! -L "$1" ]; then rmdir -- "$1"; else rm -- "$1"; fi
}

"#;

/// How many entries of the index one command sets: a command line has an end.
const AT_ONCE: usize = 100;

/// A script that undoes `tasks`. First it looks whether it can, then it moves, and then
/// it sets the index to what was staged.
pub(super) fn script(repository: &Repository, tasks: &[Task]) -> Vec<u8> {
    let mut script = Script(HEAD.into());
    let [top, git_dir] =
        [repository.top(), repository.git_dir()].map(|path| path.as_os_str().as_bytes().as_bstr());
    script.line(&["cd"], &[top]);
    script.line(&["export GIT_LITERAL_PATHSPECS=1"], &[]);
    script.set("GIT_WORK_TREE", top);
    script.set("GIT_DIR", git_dir);
    script.line(&["git update-index -q --refresh || true"], &[]);
    for task in tasks {
        let path = task.path.as_bstr();
        if task.is_checked_out {
            script.asks("is_as_in_the_index", path);
        } else if task.moved_to.is_some() {
            script.asks("is_free", path);
        }
        if let Some(to) = &task.moved_to {
            script.asks("is_still_there", to.as_bstr());
        }
    }
    let staged = || tasks.iter().filter_map(|task| Some((task, task.staged.as_ref()?)));
    for (_, Object { id, .. }) in staged().filter(|(_, object)| object.mode != Object::GITLINK) {
        script.line(&["git cat-file -e", id, "|| stop 'git has thrown away what was staged'"], &[]);
    }
    for task in tasks {
        let path = task.path.as_bstr();
        if task.is_checked_out {
            script.line(&["give_way"], &[path]);
        }
        if let Some(to) = &task.moved_to {
            if let Some(slash) = path.rfind_byte(b'/') {
                script.line(&["mkdir -p --"], &[path[..slash].as_bstr()]);
            }
            script.line(&["mv --"], &[to.as_bstr(), path]);
        }
    }
    for task in tasks.iter().filter(|task| task.staged.is_none()) {
        if task.entry == Entry::Restored {
            script.line(&["git update-index --force-remove --"], &[task.path.as_bstr()]);
        } else if task.entry == Entry::Unstaged {
            script.line(&["git add -f -N --"], &[task.path.as_bstr()]);
        }
    }
    let entries: Vec<BString> = staged()
        .map(|(task, Object { mode, id })| {
            bstr::concat([format!("{mode:o},{id},").as_bytes(), &task.path]).into()
        })
        .collect();
    for entries in entries.chunks(AT_ONCE) {
        let arguments: Vec<&BStr> =
            entries.iter().flat_map(|entry| [b"--cacheinfo".as_bstr(), entry.as_bstr()]).collect();
        script.line(&["git update-index --add"], &arguments);
    }
    for task in tasks.iter().filter(|task| task.is_off_disk) {
        script.line(&["git update-index --skip-worktree --"], &[task.path.as_bstr()]);
    }
    script.0
}

struct Script(Vec<u8>);

impl Script {
    /// A command, and words that the shell takes as they are.
    fn line(&mut self, command: &[&str], words: &[&BStr]) {
        self.0.extend(command.join(" ").bytes());
        for word in words {
            self.0.push(b' ');
            self.quoted(word);
        }
        self.0.push(b'\n');
    }

    /// Sets a variable of the environment.
    fn set(&mut self, name: &str, value: &BStr) {
        self.0.extend(format!("export {name}=").bytes());
        self.quoted(value);
        self.0.push(b'\n');
    }

    fn quoted(&mut self, word: &BStr) {
        self.0.push(b'\'');
        self.0.extend(word.replace("'", r"'\''"));
        self.0.push(b'\'');
    }

    fn asks(&mut self, question: &str, path: &BStr) {
        // With `./`, no path is an option, and none is taken for one of `[`.
        let path_from_here = bstr::concat([b"./", path.as_bytes()]);
        self.line(&[question], &[path_from_here.as_bstr(), visible(path).as_str().into()]);
    }
}
