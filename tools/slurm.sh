#!/usr/bin/env bash
# See to it that Slurm's programs are here, which tests start as a cluster of several nodes on this
# machine. Where they are missing, Debian's are installed if this is root; else the one command is
# named that installs them. `--find` never installs. Nothing is configured and no daemon is started.
set -eu
# Daemons lie in a folder that only root has on its path.
PATH=$PATH:/usr/sbin:/sbin

# What is being installed is waited for: tests begin meanwhile.
if command -v flock >/dev/null; then
    exec 9>"${TMPDIR:-/tmp}/runyard-slurm-$(id -u).lock"
    flock 9
fi

missing() {
    local name
    for name in sbatch squeue sinfo scontrol scancel srun slurmctld slurmd munged; do
        command -v -- "$name" >/dev/null || echo "$name"
    done
}

[ -n "$(missing)" ] || exit 0
if [ "${1:-}" != --find ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian's Slurm, for the tests of the backend" >&2
    export DEBIAN_FRONTEND=noninteractive
    # A browser may be installed at the same time, and the second apt would give up.
    ! command -v flock >/dev/null || { exec 8>"${TMPDIR:-/tmp}/runyard-apt.lock" && flock 8; }
    apt-get update -qq >&2 &&
        apt-get install -y -qq --no-install-recommends slurm-wlm munge >&2 || true
    [ -n "$(missing)" ] || exit 0
fi
echo "Slurm is not here, which the tests of its backend start ($(missing | xargs) missing):" \
    "sudo apt-get install --no-install-recommends slurm-wlm munge" >&2
exit 1
