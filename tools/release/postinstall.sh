#!/bin/sh
# Name the extension in the load file of osquery, and in that of Fleet's agent where that is. What was done is noted, so
# that removal takes back that and no more, and an upgrade adds nothing that an operator has taken out.
set -eu
umask 022

extension=/usr/lib/osquery/extensions/auditrules.ext
notes=/var/lib/osquery-audit-rules/notes

mkdir -p "${notes%/*}"
touch "$notes"
for folder in /etc/osquery /opt/orbit; do
    load=$folder/extensions.load
    if grep -qxF "seen $load" "$notes"; then
        continue
    fi
    if [ ! -d "$folder" ]; then
        [ "$folder" = /etc/osquery ] || continue
        mkdir "$folder"
        echo "made $folder" >>"$notes"
    fi
    if [ ! -e "$load" ]; then
        : >"$load"
        echo "made $load" >>"$notes"
    fi
    echo "seen $load" >>"$notes"
    # osquery trims the lines, and loads all extensions of a folder that a line names.
    if sed 's/^[[:space:]]*//; s/[[:space:]]*$//' "$load" | grep -qxF -e "$extension" -e "${extension%/*}" -e "${extension%/*}/"; then
        continue
    fi
    [ -z "$(tail -c 1 "$load")" ] || echo >>"$load"
    echo "$extension" >>"$load"
    echo "named in $load: restart osquery to load it"
done
