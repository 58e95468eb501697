#!/bin/sh
# The command line of osquery-audit-rules, which is the extension's file under this name. The shell reads that file, so
# that `auditrules doctor` can still say so where it can't be run.
exec /bin/sh /usr/lib/osquery-audit-rules/auditrules "$@"
