#compdef stage-guard
# Completes what is typed after `stage-guard`, in zsh.

_stage-guard() {
    local command previous=$words[CURRENT-1] at
    local -a offered options
    for ((at = 2; at < CURRENT; at++)); do
        case $words[at] in
            (@with_value@) ((at++)) ;;
            (-*) ;;
            (*) command=$words[at]; break ;;
        esac
    done
    if [[ $PREFIX == --*=* ]]; then
        previous=${PREFIX%%=*}
        compset -P '*='
    fi
    case $previous in
@values@
    esac
    case $command in
@commands@
    esac
    if [[ $PREFIX == -* ]]; then
        _describe -o option options
    elif (( $#offered )); then
        _describe command offered
    else
        _files
    fi
}

if [[ $funcstack[1] == _stage-guard ]]; then
    _stage-guard "$@"
else
    compdef _stage-guard stage-guard
fi
