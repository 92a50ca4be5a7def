# Completes what is typed after `stage-guard`, in fish.

# Whether this is the command that was typed; '' where there is none yet.
function __stage_guard_is
    set -l words (commandline -opc)
    set -e words[1]
    set -l command
    while set -q words[1]
        switch $words[1]
            case @with_value@
                set -e words[1]
            case '-*'
            case '*'
                set command $words[1]
                break
        end
        set -e words[1]
    end
    test "$command" = "$argv[1]"
end

complete -c stage-guard -f
@commands@
