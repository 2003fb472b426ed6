#!/usr/bin/env bash
# Print the path of the Chromium or Chrome that tests of the studio drive. Where there is none,
# Debian's is installed if this is root; else the one command is named that installs it.
# `--find` never installs. CHROMIUM names one that lies elsewhere.
set -eu

# One that is being installed is waited for: tests begin meanwhile.
if command -v flock >/dev/null; then
    exec 9>"${TMPDIR:-/tmp}/runyard-browser-$(id -u).lock"
    flock 9
fi

find_browser() {
    local name path
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" \
        "/Applications/Chromium.app/Contents/MacOS/Chromium"; do
        path=$(command -v -- "$name") || continue
        # Ubuntu's chromium-browser may be a script that only says what to install.
        if "$path" --version >/dev/null 2>&1; then
            echo "$path"
            return
        fi
    done
    return 1
}

find_browser && exit
if [ "${1:-}" != --find ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian's chromium, for the tests of the studio" >&2
    export DEBIAN_FRONTEND=noninteractive
    # Slurm may be installed at the same time, and the second apt would give up.
    ! command -v flock >/dev/null || { exec 8>"${TMPDIR:-/tmp}/runyard-apt.lock" && flock 8; }
    apt-get update -qq >&2 &&
        apt-get install -y -qq --no-install-recommends chromium >&2 || true
    find_browser && exit
fi
echo "no Chromium was found, which the tests of the studio drive: sudo apt-get install chromium" \
    "(or put Chrome's path into CHROMIUM)" >&2
exit 1
