#!/usr/bin/env bash
# Print the folder of PostgreSQL's programs, which tests start as a server of their own. Where there
# are none, Debian's are installed if this is root; else the one command is named that installs them.
# `--find` never installs. PG_BIN names a folder that lies elsewhere.
set -eu

# What is being installed is waited for: tests begin meanwhile.
if command -v flock >/dev/null; then
    exec 9>"${TMPDIR:-/tmp}/runyard-postgres-$(id -u).lock"
    flock 9
fi

find_programs() {
    local folder
    # Debian keeps each version in a folder of its own, which is on nobody's PATH; the newest is last.
    for folder in "${PG_BIN:-}" $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr) \
        /usr/pgsql-*/bin "$(dirname -- "$(command -v initdb || true)")"; do
        if [ -n "$folder" ] && [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then
            echo "$folder"
            return
        fi
    done
    return 1
}

find_programs && exit
if [ "${1:-}" != --find ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian's PostgreSQL, for the tests of the database" >&2
    export DEBIAN_FRONTEND=noninteractive
    # A browser may be installed at the same time, and the second apt would give up.
    ! command -v flock >/dev/null || { exec 8>"${TMPDIR:-/tmp}/runyard-apt.lock" && flock 8; }
    # Debian would begin a cluster of its own and serve it.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    apt-get update -qq >&2 &&
        apt-get install -y -qq --no-install-recommends postgresql >&2 || true
    find_programs && exit
fi
echo "no PostgreSQL was found, which tests start: sudo apt-get install --no-install-recommends" \
    "postgresql (or put the folder of initdb and postgres into PG_BIN)" >&2
exit 1
