#!/bin/sh
# Take back what the installation has noted, unless this is an upgrade. dpkg says `remove`, rpm how many are left.
#
# A load file is "unfinished" from the first change to it: where dpkg gives up the removal, postinst then names the
# extension again. This can end anywhere, and be run again.
set -eu
umask 022
export LC_ALL=C

case ${1:-remove} in
remove | 0) ;;
*) exit 0 ;;
esac

package=osquery-audit-rules
ours='[[:space:]]*/usr/lib/osquery/extensions/auditrules\.ext[[:space:]]*'
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

# A link stays, and what it leads to is changed. What is no regular file is not what was installed.
take_out() { # LOAD
    real=$(readlink -f "$1") || real=
    [ -z "$real" ] || rm -f "$real.$package" || return
    if [ -n "$real" ] && [ -f "$real" ]; then
        if grep -qx "$ours" "$real"; then
            note "unfinished $1" && replace "$real" sed "\\|^$ours\$|d" "$real" || return
        fi
        if [ ! -s "$real" ] && noted "made $real"; then
            rm "$real" || return
        fi
    fi
    if noted "made ${1%/*}" && [ -d "${1%/*}" ]; then
        rmdir --ignore-fail-on-non-empty "${1%/*}"
    fi
}

code=0
for load in /etc/osquery/extensions.load /opt/orbit/extensions.load; do
    if ! noted "seen $load" && ! noted "unfinished $load"; then
        continue
    fi
    if ! take_out "$load"; then
        echo "$package: could not take the extension out of $load: see why above, and remove again" >&2
        code=1
    fi
done
if [ $code = 0 ] && [ -d "${notes%/*}" ]; then
    rm -f "$notes" "$notes.$package"
    rmdir --ignore-fail-on-non-empty "${notes%/*}"
fi
exit $code
