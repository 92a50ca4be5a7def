#!/bin/sh
# Builds stage-guard, installs the binary, and links the hooks of a repository.
#
# Everything is in functions, and the last line calls the first of them: a file
# that was cut short does nothing.

set -eu

usage() {
    cat <<'END'
usage: install.sh [--prefix DIR] [--strict[=refs]] [--uninstall] [REPOSITORY]

Builds stage-guard, installs it into DIR/bin, and guards REPOSITORY (the one
around the current directory, if left out).

  --prefix DIR   install the binary into DIR/bin (default: ~/.local)
  --strict       also the hooks that run under --no-verify and before a push;
                 --strict=refs: for every update of a branch too
  --uninstall    take the hooks of REPOSITORY and the binary away again
  --help         show this
END
}

main() {
    prefix=${HOME:+$HOME/.local}
    uninstall=false
    strict=
    repository=
    while [ $# -gt 0 ]; do
        case $1 in
            --prefix)
                [ $# -gt 1 ] || fail "--prefix needs a directory"
                prefix=$2
                shift
                ;;
            --prefix=*) prefix=${1#--prefix=} ;;
            --strict | --strict=refs) strict=$1 ;;
            --uninstall) uninstall=true ;;
            -h | --help)
                usage
                exit 0
                ;;
            -*) fail "there is no option $1: see install.sh --help" ;;
            *)
                [ -z "$repository" ] || fail "only one repository at a time: $repository or $1"
                repository=$1
                ;;
        esac
        shift
    done
    [ -n "$prefix" ] || fail "HOME is not set: name a place with --prefix DIR"
    # The linked hooks name the binary by its whole path.
    case $prefix in
        /*) ;;
        *) prefix=$PWD/$prefix ;;
    esac
    binary=$prefix/bin/stage-guard
    source=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
    repository=${repository:-.}

    missing=
    need git 2.31 "from your system's packages or git-scm.com"
    $uninstall || need cargo "$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$source/Cargo.toml")" "from rustup.rs"
    $uninstall || need cc '' "which builds libgit2: a C compiler, as in Debian's build-essential"
    [ -z "$missing" ] || fail "something is missing:$missing"
    git -C "$repository" rev-parse --git-dir >/dev/null 2>&1 ||
        fail "$repository is not in a git repository: name one, or run git init there"

    if $uninstall; then
        take_away
    else
        put_in_place
    fi
}

put_in_place() {
    say "building stage-guard"
    target=${CARGO_TARGET_DIR:-$source/target}
    case $target in
        /*) ;;
        *) target=$PWD/$target ;;
    esac
    built=$target/release/stage-guard
    # What an earlier build has left must not pass for this one.
    rm -f -- "$built"
    # Hooks and wrappers export the first three; a build must not see another repository.
    (
        cd -- "$source"
        unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE CARGO_BUILD_TARGET
        CARGO_TARGET_DIR=$target cargo build --release --locked --quiet
    )
    [ -x "$built" ] || fail "cargo has built no $built: is build.target set in its configuration?"

    mkdir -p -- "$prefix/bin"
    new=
    index=
    trap 'rm -f -- "$new" "$index"' EXIT
    trap 'exit 1' HUP INT TERM
    new=$(mktemp "$prefix/bin/.stage-guard.XXXXXX")
    cp -- "$built" "$new"
    chmod 755 "$new"
    mv -f -- "$new" "$binary"
    say "installed $binary"
    case :$PATH: in
        *:"$prefix/bin":*) ;;
        *) say "$prefix/bin is not on PATH: the hooks work all the same, but to type stage-guard add it" ;;
    esac

    "$binary" -C "$repository" install ${strict:+"$strict"}
    if [ "$(git -C "$repository" rev-parse --is-bare-repository)" = false ]; then
        show
    fi
}

# The guard at work: what a commit with session work in it would be told. The index
# is a throw-away one, so nothing is staged.
show() {
    index=$(mktemp)
    rm -f -- "$index"
    blob=$(git -C "$repository" hash-object --stdin </dev/null)
    printf '100644 %s 0\t.claude_sessions/current/example.py\n' "$blob" |
        GIT_INDEX_FILE=$index git -C "$repository" update-index --index-info
    say "the guard is in place; with .claude_sessions/current/example.py staged, which it is not, it would say:"
    GIT_INDEX_FILE=$index "$binary" -C "$repository" --dry-run
}

take_away() {
    [ -x "$binary" ] || fail "$binary is not there: name its place with --prefix DIR"
    "$binary" -C "$repository" uninstall
    rm -f -- "$binary"
    say "removed $binary; a commit in another repository that it guards stops, and says how to go on"
}

# need TOOL VERSION WHERE: notes what is missing or older than VERSION.
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
