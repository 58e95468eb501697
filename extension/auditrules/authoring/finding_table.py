"""Every kind of finding: its stable id, its severity, what happens, and what to do. `docs/rules.md` shows each."""

from __future__ import annotations

from auditrules.authoring.finding import FindingKind, LintSeverity

_ERROR, _WARNING, _NOTE = LintSeverity

FINDINGS: tuple[FindingKind, ...] = (
    # The file
    FindingKind(
        "unreadable-file",
        _ERROR,
        "a file that can't be read",
        "augenrules prints the error of cat and goes on, so the file's rules are missing from audit.rules.",
        "Make it a regular file that root can read, or take it out of the folder.",
    ),
    FindingKind(
        "bom",
        _ERROR,
        "a byte order mark",
        "auditctl takes the three bytes for a part of the first line, which it refuses, even if it is a comment.",
        "Save the file as UTF-8 without a byte order mark.",
    ),
    FindingKind(
        "utf-16",
        _ERROR,
        "UTF-16",
        "auditctl reads bytes: each line ends for it at the first NUL, and none is a rule.",
        "Save the file as UTF-8.",
    ),
    FindingKind(
        "nul-byte",
        _ERROR,
        "a NUL in a line",
        "auditctl reads no further than the NUL: the rest of the line is lost, and nothing says so.",
        "Take the byte out.",
    ),
    FindingKind(
        "crlf",
        _ERROR,
        "a carriage return at the end of a line",
        "The byte belongs to the last word: a watch is on a file whose name ends in it, a key holds it, and many lines "
        "are refused. augenrules takes it away from 3.1.1 on.",
        "End lines with a line feed alone.",
    ),
    FindingKind(
        "long-line",
        _ERROR,
        "a line of more than 6,143 bytes",
        "auditctl reads the rest as a further line, also of a comment.",
        "Break the rule into several, or shorten the comment.",
    ),
    FindingKind(
        "glued-lines",
        _ERROR,
        "a file without a newline at its end",
        "augenrules joins its last line with the first line of the next file: both are lost, or refused.",
        "End the file with a newline.",
    ),
    FindingKind(
        "ignored-file",
        _WARNING,
        "a file that augenrules does not read",
        "None of its rules is loaded, and nothing says so.",
        "Name it NAME.rules, without a dot at the beginning and without spaces, directly in the folder.",
    ),
    FindingKind(
        "ignored-folder",
        _WARNING,
        "a folder in the folder of the rules",
        "augenrules reads the files directly in rules.d: none of the rules below is loaded, and nothing says so.",
        "Move its files up, beside the others.",
    ),
    FindingKind(
        "no-rules",
        _WARNING,
        "a file or folder without rules",
        "auditctl loads it without an error, and records nothing more.",
        "See whether what writes the file failed; take the file out if it is meant to be empty.",
    ),
    FindingKind(
        "awk-dependent",
        _WARNING,
        "a line that depends on the awk of the host",
        "augenrules runs awk with a pattern for white space that mawk takes for letters: there the line stays as it "
        "is, elsewhere it is dropped or moved.",
        "Begin the line without white space.",
    ),
    # The load
    FindingKind(
        "refused",
        _ERROR,
        "a line that is refused",
        "auditctl or the kernel does not take it, so its rule is not loaded.",
        "Write what was expected.",
    ),
    FindingKind(
        "duplicate",
        _ERROR,
        "a rule that is loaded already",
        "The kernel refuses an equal rule, and the load ends with it.",
        "Take one of the two out.",
    ),
    FindingKind(
        "missing-place",
        _ERROR,
        "a rule whose place is not there",
        "The kernel refuses a rule below a directory that does not exist, and the load ends with it.",
        "Load the rule after what brings the directory, or put a line with -c above it.",
    ),
    FindingKind(
        "load-stops",
        _ERROR,
        "the load ends here",
        "auditctl reads no line below one that is refused, and nobody is told: the rules above it stay loaded.",
        "Mend the line. A line -c above it makes auditctl go on and end with an error; -i makes it go on and call all "
        "well.",
    ),
    FindingKind(
        "rule-lost",
        _ERROR,
        "a line that is taken, and whose rule is not",
        "auditctl does something else on the line, says nothing, and sends no rule.",
        "Write the rule on a line of its own.",
    ),
    FindingKind(
        "locked-early",
        _ERROR,
        "-e 2 above other lines",
        "The rules are locked until the next boot: every line below that changes them is refused.",
        "Make -e 2 the last line.",
    ),
    FindingKind(
        "lock-replaced",
        _ERROR,
        "-e 2 that a later -e replaces",
        "augenrules keeps only the last -e of all files: the rules are not locked.",
        "Leave one -e, in the last file.",
    ),
    FindingKind(
        "words-lost",
        _WARNING,
        "a line of many short words",
        "auditctl before 4.2 drops the last words of such a line.",
        "Write flags and their operands as one word, or name the key longer.",
    ),
    FindingKind(
        "errors-ignored",
        _WARNING,
        "-i hides refused lines",
        "auditctl goes on after an error and ends with 0: boot calls all well.",
        "Write -c in its place: auditctl goes on, and ends with an error.",
    ),
    FindingKind(
        "late-delete",
        _WARNING,
        "-D below rules",
        "It deletes the rules above it.",
        "Make it the first line.",
    ),
    FindingKind(
        "auditing-off",
        _WARNING,
        "-e 0",
        "The kernel records nothing, whatever the rules say.",
        "Write -e 1, or -e 2 as the last line.",
    ),
    FindingKind(
        "smaller-backlog",
        _WARNING,
        "-b that is smaller than one before",
        "The last one holds: where records come faster than they are written, more of them are lost.",
        "Leave the largest one only.",
    ),
    FindingKind(
        "rate-limit",
        _WARNING,
        "-r drops records",
        "Beyond so many records a second the kernel drops what the rules record.",
        "Write -r 0, or leave the line out.",
    ),
    FindingKind(
        "name-lookup",
        _WARNING,
        "a user or group by name",
        "auditctl looks the name up when it loads the line, and refuses the line where there is no such name.",
        "Write the number, or make sure that the name is there on each host.",
    ),
    # Rules that decide nothing
    FindingKind(
        "unreachable",
        _WARNING,
        "a rule that never decides",
        "A rule above it decides all that it matches, and the other way round: the first rule that matches counts.",
        "Move it above the other rule, or take it out.",
    ),
    FindingKind(
        "redundant",
        _WARNING,
        "a rule that adds nothing",
        "An equal or broader rule above it decides all that it matches, with the same result. It only costs time.",
        "Take it out, or move it above the other one if its key matters.",
    ),
    FindingKind(
        "never-matches",
        _WARNING,
        "a rule that can never match",
        "No event has all that the rule asks for.",
        "Mend the field that is named, or take the rule out.",
    ),
    FindingKind(
        "no-such-call",
        _WARNING,
        "a system call that the machine does not have",
        "The number stands for no call of this arch.",
        "Name the call; names are checked.",
    ),
    FindingKind(
        "silences-all",
        _WARNING,
        "a rule that silences everything",
        "No record of any system call is written while it is loaded, whatever the other rules say.",
        "Take it out.",
    ),
    # Rules that record less, or other things, than they seem to
    FindingKind(
        "no-b32-twin",
        _WARNING,
        "a b64 rule without its b32 twin",
        "A 32-bit program makes the same calls unseen.",
        "Write the rule once more with -F arch=b32.",
    ),
    FindingKind(
        "no-arch",
        _WARNING,
        "system calls without an arch",
        "Names are read as calls of the machine; a 32-bit program's calls are compared by the same numbers, which "
        "stand for other calls.",
        "Write two rules, with -F arch=b64 and -F arch=b32, before -S.",
    ),
    FindingKind(
        "auid-not-unset",
        _WARNING,
        "auid!= with a number that is not unset",
        "An unset auid is 4294967295: the rule matches daemons, which it seems to leave out.",
        "Write auid!=unset.",
    ),
    FindingKind(
        "auid-includes-unset",
        _WARNING,
        "auid>= that daemons pass",
        "An unset auid is 4294967295, more than any user's: daemons match.",
        "Add -F auid!=unset if login users are meant.",
    ),
    FindingKind(
        "number-misread",
        _WARNING,
        "a number that is read as another one",
        "auditctl reads numbers as C does: a zero in front makes them octal, letters end them, 32 bits are kept.",
        "Write the number in plain decimals.",
    ),
    FindingKind(
        "widened-calls",
        _WARNING,
        "perm adds system calls to the rule",
        "From auditctl 3.1.3 on, -F perm= behind an arch adds all calls of its letters to those that -S names.",
        "Leave -S out, or leave perm out.",
    ),
    FindingKind(
        "wildcard",
        _WARNING,
        "a pattern in a path",
        "Neither auditctl nor the kernel expands it: the rule is on a file of that very name.",
        "Watch the directory, or name each file.",
    ),
    FindingKind(
        "watched-link",
        _WARNING,
        "a watch on a symbolic link",
        "The kernel does not follow the last name: accesses through the link are not recorded.",
        "Watch what the link leads to.",
    ),
    FindingKind(
        "not-recursive",
        _WARNING,
        "path= on a directory",
        "It watches the directory's own name and its entries, not what is in them.",
        "Write dir=, or -w.",
    ),
    FindingKind(
        "not-there-yet",
        _WARNING,
        "a watch on what is not there yet",
        "A file made there later is watched; a directory made there later is watched without what is in it.",
        "Load the rules again once it is there.",
    ),
    FindingKind(
        "no-key",
        _WARNING,
        "a rule without a key",
        "Its records can't be found by a key (ausearch -k), nor told from those of other rules.",
        "Add -k NAME.",
    ),
    # Comments of the author
    FindingKind(
        "bad-suppression",
        _WARNING,
        "a comment that suppresses nothing",
        "It names no finding that there is, or gives no reason, so it has no effect.",
        "Write: # auditrules: ignore ID[, ID]: REASON",
    ),
    FindingKind(
        "unused-suppression",
        _NOTE,
        "a comment that is no longer needed",
        "Nothing is found that it would suppress.",
        "Take the comment out.",
    ),
    # What rules cost
    FindingKind(
        "asked-always",
        _NOTE,
        "a rule that is asked at every system call",
        "It names no path, no letters and no call, so the kernel compares its fields at the end of each call.",
        "Name the calls that matter, with -S.",
    ),
    FindingKind(
        "mergeable",
        _NOTE,
        "a rule that differs from another in its calls only",
        "The kernel looks at both at the end of each system call.",
        "Write one rule with the calls of both.",
    ),
    FindingKind(
        "limit-calls",
        _NOTE,
        "letters without their calls",
        "The rule is asked at the end of every call, and the letters then leave it out of most.",
        "Name the calls of the letters with -F arch= and -S; auditctl adds them from 3.1.3 on if there is an arch.",
    ),
)

BY_ID = {each.id: each for each in FINDINGS}
