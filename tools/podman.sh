#!/usr/bin/env bash
# See to it that Podman and a registry of images are here, with which tests have jobs in containers.
# Where they are missing, Debian's are installed if this is root; else the one command is named that
# installs them. `--find` never installs. Nothing is configured and no daemon is started.
set -eu
# Where Debian keeps debootstrap, which makes a base image in `make soak`.
PATH=$PATH:/usr/sbin:/sbin

# What is being installed is waited for: tests begin meanwhile.
if command -v flock >/dev/null; then
    exec 9>"${TMPDIR:-/tmp}/runyard-podman-$(id -u).lock"
    flock 9
fi

# runc knows all that kernels have of control groups; crun, which Podman prefers, not all of it.
packages="podman runc docker-registry debootstrap"

missing() {
    local name
    for name in podman runc docker-registry debootstrap; do
        command -v -- "$name" >/dev/null || echo "$name"
    done
}

[ -n "$(missing)" ] || exit 0
if [ "${1:-}" != --find ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian's Podman, for the tests of containers" >&2
    export DEBIAN_FRONTEND=noninteractive
    # A browser may be installed at the same time, and the second apt would give up.
    ! command -v flock >/dev/null || { exec 8>"${TMPDIR:-/tmp}/runyard-apt.lock" && flock 8; }
    # Debian would begin a registry of its own and serve it.
    apt-get update -qq >&2 &&
        RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $packages >&2 || true
    [ -n "$(missing)" ] || exit 0
fi
echo "Podman is not here, which the tests of containers use ($(missing | xargs) missing):" \
    "sudo apt-get install --no-install-recommends $packages" >&2
exit 1
