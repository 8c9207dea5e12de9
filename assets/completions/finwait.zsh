#compdef finwait
# zsh completion for finwait. finwait itself says what fits: `finwait complete` gets the words up to the cursor.
_finwait() {
    local line value
    local -a found
    for line in "${(@f)$(${(Q)words[1]} complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
        value=${line%%$'\t'*}
        if [[ -n $value ]]; then
            found+=("${value//:/\\:}:${line#*$'\t'}")
        elif [[ $line == $'\tdirs' ]]; then
            _files -/
        elif [[ $line == $'\tfiles' ]]; then
            _files
        fi
    done
    (( $#found )) && _describe -t finwait finwait found
}
if [[ $funcstack[1] == _finwait ]]; then
    _finwait "$@"
else
    compdef _finwait finwait
fi
