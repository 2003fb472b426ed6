#!/usr/bin/env bash
# Run tests/light on another Python, in an environment that holds the two light wheels and pytest.
#   tools/test-light.sh 3.7|newest
# The tests' own conftest is the only one read: the other ones belong to the service's Python.
set -eu
wanted=$1
uv=.tools/bin/uv
venv=.venv-light-$wanted
python=$(.tools/bin/python tools/interpreters.py "$wanted") ||
    python=$("$uv" python install --quiet "$wanted" 2>/dev/null && "$uv" python find "$wanted") || {
    echo "A real Python $wanted is needed to test the half that runs in jobs; none was found on PATH" >&2
    echo "or in pyenv, and uv could not fetch one here. Mend it with:    pyenv install $wanted" >&2
    exit 1
}
"$uv" venv --quiet --clear --python "$python" "$venv"
"$uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" --require-hashes \
    -r tests/light/requirements.txt
"$uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" --no-deps \
    dist/runyard-[0-9]*.whl dist/runyard_azureml-*.whl
echo "light tests on $("$venv/bin/python" --version)"
"$venv/bin/python" -m pytest -c tests/light/pytest.ini --rootdir tests/light \
    --confcutdir tests/light -rs -p no:cacheprovider tests/light
