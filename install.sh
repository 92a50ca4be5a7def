#!/bin/sh
# Installs stage-guard and guards a repository. In an unpacked archive it takes the program
# beside it; in a clone it builds the program.
#
# The last line calls main, so a truncated file does nothing.

set -eu

usage() {
    cat <<'END'
usage: install.sh [--prefix DIR] [--strict[=refs]] [--uninstall] [REPOSITORY]

Installs stage-guard below DIR, and guards REPOSITORY (default: the one that
contains the current directory).

In an unpacked archive it takes the program beside it, and needs only git.
In a clone it builds the program, and needs Rust and a C compiler, too.

  --prefix DIR   install bin/stage-guard, its manual page and its completions
                 below DIR (default: ~/.local)
  --strict       also guard commits with --no-verify, picks, patches and pushes;
                 --strict=refs: also every update of a branch
  --uninstall    remove the hooks from REPOSITORY, if there is one, and what was
                 installed below DIR
  --help         print this help
END
}

main() {
    # Hooks and wrappers export them. With them, git takes another repository than REPOSITORY.
    unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_COMMON_DIR GIT_OBJECT_DIRECTORY
    parse "$@"
    binary=$prefix/bin/stage-guard
    program=$binary
    script=$0
    [ ! -L "$script" ] || script=$(readlink -f -- "$script")
    source=$(CDPATH='' cd -- "$(dirname -- "$script")" && pwd)
    shipped=$source/stage-guard
    check_requirements

    new=
    scratch=$(mktemp -d)
    trap 'rm -rf -- "$new" "$scratch"' EXIT
    trap 'exit 1' HUP INT TERM
    if $uninstall; then
        remove
    elif is_archive; then
        runs "$shipped" ||
            fail "$shipped does not run on this machine ($(uname -sm)): take the archive for it, unpack this one again, or build from a clone"
        install "$shipped"
    else
        build
        install "$built"
    fi
}

# Sets prefix, uninstall, strict, repository and is_named, which is whether an argument names it.
parse() {
    prefix=${HOME:+$HOME/.local}
    uninstall=false
    strict=
    repository=.
    is_named=false
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix)
                set_prefix "${2-}"
                shift
                ;;
            --prefix=*) set_prefix "${1#--prefix=}" ;;
            --strict | --strict=refs) strict=$1 ;;
            --uninstall) uninstall=true ;;
            -h | --help)
                usage
                exit 0
                ;;
            -*) fail "unknown option $1: see install.sh --help" ;;
            *)
                ! $is_named || fail "only one repository at a time: $repository or $1"
                [ -n "$1" ] || fail "the repository has an empty name"
                repository=$1
                is_named=true
                ;;
        esac
        shift
    done
    [ -n "$prefix" ] || fail "HOME is not set: choose a directory with --prefix DIR"
    # The hooks contain the absolute path of the program.
    case $prefix in
        /*) ;;
        *) prefix=$PWD/$prefix ;;
    esac
}

set_prefix() {
    prefix=$1
    case $prefix in
        '') fail "--prefix needs a directory" ;;
        '~'*) fail "the shell did not expand $prefix: write \$HOME instead of ~" ;;
    esac
}

check_requirements() {
    missing=
    need git 2.31 "from your system's packages or git-scm.com"
    if ! $uninstall && ! is_archive; then
        [ -f "$source/Cargo.toml" ] ||
            fail "$source has neither the program nor its sources: unpack the archive again"
        need cargo "$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$source/Cargo.toml")" "from rustup.rs"
        need cc '' "which builds libgit2: a C compiler, as in Debian's build-essential"
    fi
    [ -z "$missing" ] || fail "these tools are missing or too old:$missing"
    [ ! -d "$binary" ] || fail "$binary is a directory: move it away, or choose another place with --prefix DIR"
    if $uninstall && ! $is_named; then
        return
    fi
    is_repository ||
        fail "$repository is not in a git repository: choose another directory, or run git init there"
}

is_repository() {
    git -C "$repository" rev-parse --git-dir >/dev/null 2>&1
}

is_archive() {
    [ -f "$shipped" ]
}

# runs PROGRAM: whether it runs here. A shell takes a program for another machine for a
# script: it finds no commands, in an empty directory.
runs() {
    version=$(cd -- "$scratch" && PATH='' "$1" --version 2>/dev/null </dev/null) || return 1
    case $version in
        'stage-guard '*) ;;
        *) return 1 ;;
    esac
}

build() {
    say "building stage-guard; that takes some minutes"
    target=${CARGO_TARGET_DIR:-$source/target}
    case $target in
        /*) ;;
        *) target=$PWD/$target ;;
    esac
    built=$target/release/stage-guard
    # A failed build must not install the result of an earlier one.
    rm -f -- "$built"
    (
        cd -- "$source"
        unset CARGO_BUILD_TARGET
        CARGO_TARGET_DIR=$target cargo build --release --locked --quiet
    )
    [ -x "$built" ] || fail "cargo did not build $built: is build.target set in its configuration?"
}

# install PROGRAM
install() {
    # While the program of the earlier version can still tell which pages are its own.
    [ ! -x "$binary" ] || each_page remove_page
    mkdir -p -- "$prefix/bin"
    new=$(mktemp "$prefix/bin/.stage-guard.XXXXXX")
    cp -- "$1" "$new"
    chmod 755 "$new"
    mv -f -- "$new" "$binary"
    say "installed $binary"
    case :$PATH: in
        *:"$prefix/bin":*) ;;
        *)
            quoted=$(printf '%s\n' "$prefix/bin" | sed "s/'/'\\\\''/g")
            say "$prefix/bin is not on PATH: the hooks work, but add it to run stage-guard by name:
  export PATH='$quoted':\"\$PATH\""
            ;;
    esac
    each_page add_page

    "$binary" -C "$repository" install ${strict:+"$strict"}
    if [ "$(git -C "$repository" rev-parse --is-bare-repository)" = false ]; then
        show
    fi
}

# each_page ACTION: runs `ACTION FILE ARGUMENT...` for the manual page and each completion
# script: the file, and the arguments with which the program prints it.
each_page() {
    "$1" "$prefix/share/man/man1/stage-guard.1" man
    "$1" "$prefix/share/bash-completion/completions/stage-guard" completions bash
    "$1" "$prefix/share/fish/vendor_completions.d/stage-guard.fish" completions fish
    "$1" "$prefix/share/zsh/site-functions/_stage-guard" completions zsh
}

# Writes a page, unless the file exists. The guard does not depend on it.
add_page() {
    page=$1
    shift
    if [ -e "$page" ] || [ -L "$page" ]; then
        say "kept $page, which was there before"
    elif ! write_page "$@"; then
        rm -f -- "$new"
        say "could not write $page"
    fi
}

# An install that is killed must not leave a part of a page: the next one would keep it.
write_page() {
    mkdir -p -- "${page%/*}" &&
        new=$(mktemp "${page%/*}/.stage-guard.XXXXXX") &&
        "$binary" "$@" >"$new" &&
        chmod 644 "$new" &&
        mv -f -- "$new" "$page"
}

# Removes a page if it is what the program prints.
remove_page() {
    page=$1
    shift
    if [ -f "$page" ] && "$program" "$@" >"$scratch/page" && cmp -s -- "$page" "$scratch/page"; then
        rm -f -- "$page"
    fi
}

# Shows what the hook prints for session work. It uses a temporary index, so nothing
# is staged.
show() {
    index=$scratch/index
    blob=$(git -C "$repository" hash-object --stdin </dev/null)
    printf '100644 %s 0\t.claude_sessions/current/example.py\n' "$blob" |
        GIT_INDEX_FILE=$index git -C "$repository" update-index --index-info
    say "the repository is guarded; for .claude_sessions/current/example.py the hook would print:"
    GIT_INDEX_FILE=$index "$binary" -C "$repository" --dry-run
}

remove() {
    if [ ! -x "$binary" ]; then
        # It was deleted. The hooks and the pages are still there.
        runs "$shipped" || fail "$binary does not exist: choose its directory with --prefix DIR"
        program=$shipped
    fi
    ! is_repository || remove_hooks
    each_page remove_page
    if [ "$program" != "$binary" ]; then
        say "$binary did not exist: if the program is elsewhere, choose its directory with --prefix DIR"
        return
    fi
    rm -f -- "$binary"
    say "removed $binary and its pages; in other repositories that it guards, commits stop and say how to continue"
}

# The hooks of other repositories need the program, so a wrong name must not remove it.
remove_hooks() {
    removed=$("$program" -C "$repository" uninstall) || exit
    printf '%s\n' "$removed"
    case $removed in
        "no hook of stage-guard was found here"*)
            ! $is_named ||
                fail "$repository has no hook, so the program stays: to remove it, name no repository"
            ;;
    esac
}

# need TOOL VERSION SOURCE: adds TOOL to $missing if it is missing or older than VERSION.
need() {
    if ! command -v "$1" >/dev/null 2>&1; then
        missing="$missing
  $1${2:+ $2 or newer}, $3"
    elif [ -n "$2" ]; then
        version=$("$1" --version | sed -n '1s/^[^0-9]*\([0-9][0-9.]*\).*/\1/p')
        oldest=$(printf '%s\n%s\n' "$2" "$version" | sort -t . -k 1,1n -k 2,2n | head -n 1)
        [ "$oldest" = "$2" ] || missing="$missing
  $1 $2 or newer, $3; this one is $version"
    fi
}

say() {
    printf 'install.sh: %s\n' "$*"
}

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 2
}

main "$@"
