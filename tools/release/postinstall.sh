#!/bin/sh
# Name the extension in the load file of osquery, and in that of Fleet's agent if it is installed.
#
# What is done is noted, so that removal takes back that and no more, and an upgrade adds nothing that an operator has
# taken out. Each note is written before what it tells of is done ("made" a file or folder; a load file is "unfinished"),
# and "seen" only once the line stands. So this can end anywhere, by a full disk or a kill, and be run again.
set -eu
umask 022
export LC_ALL=C

package=osquery-audit-rules
extension=/usr/lib/osquery/extensions/auditrules.ext
notes=/var/lib/osquery-audit-rules/notes

# What follows is the same in both scripts.

# Make a command's output the content of FILE, or leave FILE as it was: the output is written beside it, is on disk, and
# takes its name. Owner, mode, ACL, label and other attributes of a FILE stay.
replace() { # FILE COMMAND [ARGUMENT ...]
    file=$1 new=$1.$package
    shift
    rm -f "$new" && (set -C && "$@" >"$new") && attributes && sync "$new" && mv -fT "$new" "$file" &&
        sync "${file%/*}" && return
    rm -f "$new"
    return 1
}

attributes() {
    if [ -e "$file" ]; then
        cp --attributes-only --preserve=all "$file" "$new" && touch "$new"
    else
        chmod 644 "$new"
    fi
}

# The lines of FILE, which may be missing, and one more.
with_line() { # FILE LINE
    if [ -e "$1" ]; then
        cat "$1" && { [ -z "$(tail -c 1 "$1")" ] || echo; }
    fi && echo "$2"
}

noted() {
    [ -e "$notes" ] && grep -qxF "$1" "$notes"
}

note() {
    noted "$1" || replace "$notes" with_line "$notes" "$1"
}

# What follows is this script's own.

# osquery trims the lines, and loads all extensions of a folder that a line names.
named() { # FILE
    [ -e "$1" ] && sed 's/^[[:space:]]*//; s/[[:space:]]*$//' "$1" |
        grep -qxF -e "$extension" -e "${extension%/*}" -e "${extension%/*}/"
}

seen() { # LOAD
    { grep -vxF -e "unfinished $1" -e "seen $1" "$notes" || [ $? = 1 ]; } && echo "seen $1"
}

name_in() { # LOAD
    note "unfinished $1" || return
    if [ ! -d "${1%/*}" ]; then
        note "made ${1%/*}" && mkdir "${1%/*}" || return
    fi
    real=$(readlink -f "$1") || real=
    if [ -z "$real" ]; then
        echo "$1 is a link that leads nowhere" >&2
        return 1
    fi
    if [ -e "$real" ] && [ ! -f "$real" ]; then
        echo "$1 is not a regular file" >&2
        return 1
    fi
    if ! named "$real"; then
        if [ ! -e "$real" ]; then
            note "made $real" || return
        fi
        replace "$real" with_line "$real" "$extension" || return
        echo "named in $1: restart osquery to load it"
    fi
    replace "$notes" seen "$1"
}

mkdir -p "${notes%/*}"
code=0
for folder in /etc/osquery /opt/orbit; do
    load=$folder/extensions.load
    if noted "seen $load" && ! noted "unfinished $load"; then
        continue
    fi
    if [ ! -d "$folder" ] && [ "$folder" != /etc/osquery ]; then
        continue
    fi
    if ! name_in "$load"; then
        echo "$package: could not add the line $extension to $load: see why above, and install again" >&2
        code=1
    fi
done
exit $code
