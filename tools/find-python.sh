#!/bin/sh
# Print the path of a Python that can make fastgru's environment, or one line that says what to do.
#
# Usage: find-python.sh [PYTHON]
#
# With an argument only that Python is considered.  Without one: python3 if it is new enough, else
# the newest of python3.15 to python3.11 on PATH.  Asking each candidate to run (rather than reading
# its name) sees through version managers, whose stand-ins exist for Pythons that are not active.

# No f-string or print(): this also has to run under Python 2, to say that it is Python 2.
probe='
import sys
try:
    import ensurepip, venv
    state = "complete"
except ImportError:
    state = "no-venv"
if sys.version_info < (3, 11):
    state = "old"
sys.stdout.write("%s %d.%d.%d %s" % ((state,) + tuple(sys.version_info[:3]) + (sys.executable,)))
'

no_venv=
cure="Install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3.12"
if [ -n "$1" ]; then
    problem="$1 does not run as Python."
else
    problem="no python3 was found on PATH."
    set -- python3 python3.15 python3.14 python3.13 python3.12 python3.11
fi

for name in "$@"; do
    answer=$("$name" -c "$probe" 2>/dev/null </dev/null) || continue
    state=${answer%% *}
    answer=${answer#* }
    version=${answer%% *}
    case $state in
    complete)
        printf '%s\n' "${answer#* }"
        exit 0
        ;;
    no-venv)
        no_venv="$name ($version) has no ensurepip, so it cannot make an environment."
        ;;
    old)
        problem="$name is Python $version."
        ;;
    esac
done
if [ -n "$no_venv" ]; then
    problem=$no_venv
    cure="On Debian or Ubuntu: apt install python3-venv"
fi
printf 'fastgru needs Python 3.11 or newer: %s %s\n' "$problem" "$cure"
exit 1
