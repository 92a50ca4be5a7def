#!/bin/sh
# The hook of stage-guard: git runs it under the name of each guarded hook.
# It uses only built-ins: they are fast, and work with an empty PATH.

# `stage-guard install` writes the path of the program here.
stage_guard=stage-guard

# Other managers rename hooks: pre-commit.legacy, pre-commit.old.
name=${0##*/}
name=${name%%.*}
# The previous hook runs in its own directory, where it finds the files next to it. If a
# manager has renamed this link, and has overwritten a hook that it had renamed before,
# the backup of that hook has the present name of this link.
before=$0.before-stage-guard
[ -f "$before" ] || before=${0%/*}/$name.before-stage-guard
previous=
if [ -f "$before" ] && [ -x "$before" ] && [ "$before" != "$0" ]; then
    previous=$before
fi

# git runs reference-transaction about 16 times per pick of a rebase, and up to once
# per ref of a fetch. The program is not started in states in which nothing can be
# refused, nor for a few refs that are not branches: their lines are read here.
line=
if [ "$name" = reference-transaction ]; then
    if [ "$1" != prepared ]; then
        [ -n "$previous" ] && exec "$previous" "$@"
        exit 0
    fi
    if [ -z "$previous" ]; then
        seen=
        while line= && [ ${#seen} -lt 20 ] && IFS= read -r line; do
            # The new id of a branch, or the old one of a detached HEAD. All zeros mean
            # a deletion, or a checkout.
            case $line in
                *' refs/heads/'*) id=${line#* } ;;
                *' HEAD') id=$line ;;
                *) id=0 ;;
            esac
            case ${id%% *} in *[!0]*) break ;; esac
            seen=$seen.
        done
        [ -n "$line" ] || [ ${#seen} -ge 20 ] || exit 0
    fi
fi

if ! command -v "$stage_guard" >/dev/null 2>&1; then
    case $0 in
        /*) hook=${0%/*}/$name ;;
        *) hook=$PWD/${0%/*}/$name ;;
    esac
    # Paths that could mislead a shell or a terminal are not printed.
    case $hook in
        *[!A-Za-z0-9/._+@%=:,\ -]*) removal="remove $name from the hooks directory" ;;
        *)
            removal="rm '$hook'"
            [ -f "$before" ] && removal="mv '$hook.before-stage-guard' '$hook'"
            ;;
    esac
    missing=$stage_guard
    case $missing in
        *[!A-Za-z0-9/._+@%=:,\'\ -]*) missing="the program" ;;
    esac
    printf '%s\n' "stage-guard: cannot find \`$missing\`, so nothing was checked and git stops" \
        "help: install it again, or remove the guard: $removal" >&2
    exit 2
fi

exec "$stage_guard" hook ${previous:+--then="$previous"} ${line:+--line="$line"} "$name" "$@"
