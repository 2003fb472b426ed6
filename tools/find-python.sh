#!/usr/bin/env bash
# Print the path of the first Python on PATH that is 3.11 or newer and can make environments.
# Version managers put stubs on PATH that do not run; asking each candidate tells them apart.
set -eu
usable='import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))'
for name in python3 python3.11 python3.12 python3.13 python3.14 python3.15 python; do
    if command -v "$name" >/dev/null && "$name" -c "$usable" >/dev/null 2>&1; then
        "$name" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done
echo "No Python 3.11 or newer with the module 'venv' is on PATH. Install one, for example:" >&2
echo "    apt-get install python3 python3-venv      or      brew install python@3.13" >&2
exit 1
