#!/usr/bin/env bash
# Print the path of the ssh server that tests of machines reached by ssh start. Where there is none,
# Debian's is installed if this is root; else the one command is named that installs it.
# `--find` never installs. SSHD names one that lies elsewhere.
set -eu

# One that is being installed is waited for: tests begin meanwhile.
if command -v flock >/dev/null; then
    exec 9>"${TMPDIR:-/tmp}/runyard-sshd-$(id -u).lock"
    flock 9
fi

find_sshd() {
    local path
    # It starts by its full path only, and users' PATH lacks the folder in which Debian keeps it.
    for path in "${SSHD:-}" /usr/sbin/sshd /usr/local/sbin/sshd /usr/libexec/sshd; do
        if [ -n "$path" ] && [ -x "$path" ] && command -v ssh >/dev/null; then
            echo "$path"
            return
        fi
    done
    return 1
}

find_sshd && exit
if [ "${1:-}" != --find ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian's openssh-server, for the tests of machines reached by ssh" >&2
    export DEBIAN_FRONTEND=noninteractive
    # A browser may be installed at the same time, and the second apt would give up.
    ! command -v flock >/dev/null || { exec 8>"${TMPDIR:-/tmp}/runyard-apt.lock" && flock 8; }
    apt-get update -qq >&2 &&
        RUNLEVEL=1 apt-get install -y -qq --no-install-recommends openssh-server openssh-client \
            >&2 || true
    find_sshd && exit
fi
echo "no ssh server was found, which tests start: sudo apt-get install openssh-server" \
    "openssh-client (or put sshd's path into SSHD)" >&2
exit 1
