# hai-cli and haienv in fish: read at its start from a directory conf.d.

function __hai_cli_complete
    set -lx _ARGCOMPLETE 1
    set -lx _ARGCOMPLETE_SHELL fish
    set -lx _ARGCOMPLETE_DFS \t
    set -lx _ARGCOMPLETE_IFS \n
    set -lx _ARGCOMPLETE_SUPPRESS_SPACE 1
    set -lx COMP_LINE (commandline -cp | string collect)
    set -lx COMP_POINT 1000000
    set -lx COMP_TYPE 9
    set -l program (commandline -opc)[1]
    test $program = source; and set program haienv
    set -l found ($program 8>&1 9>/dev/null 1>/dev/null 2>/dev/null </dev/null)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command hai-cli --command haienv --no-files --arguments '(__hai_cli_complete)'
complete --command source --condition 'contains haienv (commandline -opc)[2]' --no-files --arguments '(__hai_cli_complete)'

# fish looks for what it sources in the current directory alone. So that `source haienv NAME` finds haienv in PATH, source is a
# function while code runs that says so, and the builtin for everything else: what a file returns inside of a function is
# another thing where a function has sourced it.

function __haienv_sought --on-event fish_preexec
    string match -qr '(^|[\s;&|()])source\s+haienv([\s;&|()]|$)' -- $argv; and not functions -q source; or return
    function source --no-scope-shadowing
        if test "$argv[1]" = haienv; and not test -f haienv; and command -q haienv
            set -e argv[1]
            builtin source (command -s haienv) $argv
        else
            builtin source $argv
        end
    end
    function __haienv_found --on-event fish_prompt
        functions -e source __haienv_found
    end
end

# Before the first prompt: what fish was started with (fish -c '...', a script), and the configuration. What can't be seen, as
# where it comes through standard input, may say so.
set -l words
if test -r /proc/$fish_pid/cmdline
    set words (string split0 </proc/$fish_pid/cmdline)
    set -e words[1]
end
if not set -q words[1]; and not status is-interactive
    __haienv_sought 'source haienv'
end
for word in $words
    if test -f $word
        __haienv_sought (string collect <$word)
        break
    end
    __haienv_sought $word
end
if test -r $__fish_config_dir/config.fish
    __haienv_sought (string collect <$__fish_config_dir/config.fish)
end
