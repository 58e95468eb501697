#!/bin/sh
# Take back what the installation has noted, unless this is an upgrade. dpkg says `remove`, rpm how many are left.
set -eu

case ${1:-remove} in
remove | 0) ;;
*) exit 0 ;;
esac

ours='[[:space:]]*/usr/lib/osquery/extensions/auditrules\.ext[[:space:]]*'
notes=/var/lib/osquery-audit-rules/notes

[ -e "$notes" ] || exit 0
for load in /etc/osquery/extensions.load /opt/orbit/extensions.load; do
    if grep -qxF "seen $load" "$notes" && [ -f "$load" ]; then
        if grep -qx "$ours" "$load"; then
            rest=$(mktemp)
            sed "\\|^$ours\$|d" "$load" >"$rest"
            cat "$rest" >"$load" # into the file as it is: it may be a link, and has an owner and a mode
            rm "$rest"
        fi
        if [ ! -s "$load" ] && grep -qxF "made $load" "$notes"; then
            rm "$load"
        fi
    fi
    if grep -qxF "made ${load%/*}" "$notes"; then
        rmdir --ignore-fail-on-non-empty "${load%/*}"
    fi
done
rm "$notes"
rmdir --ignore-fail-on-non-empty "${notes%/*}"
