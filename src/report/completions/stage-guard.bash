# Completes what is typed after `stage-guard`, in bash.

_stage_guard() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command='' options='' words='' word at
    for ((at = 1; at < COMP_CWORD; at++)); do
        case ${COMP_WORDS[at]} in
            @with_value@)
                [[ ${COMP_WORDS[at + 1]} == '=' ]] && ((at++))
                ((at++))
                ;;
            -* | '=') ;;
            *)
                command=${COMP_WORDS[at]}
                break
                ;;
        esac
    done
    # bash takes `--format=json` for three words.
    if [[ $current == '=' ]]; then
        current=''
    elif [[ $previous == '=' ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
    case $previous in
@values@
        *)
            case $command in
@commands@
            esac
            [[ $current == -* ]] && words=$options
            ;;
    esac
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(compgen -W "$words" -- "$current")
}

# Files, where no word fits.
complete -o bashdefault -o default -F _stage_guard stage-guard
