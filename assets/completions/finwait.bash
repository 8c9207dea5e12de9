# bash completion for finwait. finwait itself says what fits: `finwait complete` gets the words up to the cursor.
_finwait() {
    local word line value quoted=
    COMPREPLY=()
    word=${COMP_WORDS[COMP_CWORD]}
    [[ $word == [\"\']* ]] && quoted=1
    while IFS= read -r line; do
        value=${line%%$'\t'*}
        if [[ -n $value ]]; then
            [[ -z $quoted && $value == *' '* ]] && printf -v value %q "$value"
            COMPREPLY+=("$value")
        elif [[ $line == $'\tdirs' ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "$word")
        elif [[ $line == $'\tfiles' ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$word")
        fi
    done < <("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _finwait finwait
