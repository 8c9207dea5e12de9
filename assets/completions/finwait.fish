# fish completion for finwait. finwait itself says what fits: `finwait complete` gets the words up to the cursor.
function __finwait_complete
    set -l words (commandline -opc)
    for line in ($words[1] complete $words[2..] (commandline -ct) 2>/dev/null)
        switch $line
            case \t'files'
                __fish_complete_path (commandline -ct)
            case \t'dirs'
                __fish_complete_directories (commandline -ct)
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c finwait -f -a '(__finwait_complete)'
