"""Writes which versions of common packages were the newest, quarter by quarter.

`environments/upload_dates.txt` of the server's package has them, for indexes that do not tell when
their files came. uv is asked for the newest versions as of the first day of each quarter, for the
Python that was usual then, of an index that does tell: as a project's requirements are resolved.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime

from uv import find_uv_bin

from runyard.protocol.pythons import usual
from runyard_server.environments.upload_dates import TABLE

FIRST = 2019
# What v1's scripts and their notebooks name, and what most of that needs. Of packages without
# wheels nothing can be told so.
PACKAGES = """
absl-py astor bokeh boto3 certifi chardet click cloudpickle cycler dask flask future
google-auth grpcio h5py idna imageio ipython jinja2 joblib keras keras-applications
keras-preprocessing lightgbm markdown markupsafe matplotlib mlflow-skinny nltk numpy
opencv-python-headless packaging pandas pillow plotly protobuf pyarrow python-dateutil pytz pyyaml
requests scikit-image scikit-learn scipy seaborn six statsmodels tensorboard tensorflow
tensorflow-estimator tensorflow-hub torch torchvision tqdm transformers urllib3 werkzeug xgboost
"""
_YOU_REQUIRE = re.compile(r"you require ([\w\-]+)")
_PIN = re.compile(r"^([\w\-]+)==(\S+)$", re.MULTILINE)


def quarters(until: date) -> Iterator[str]:
    """The first days of all quarters up to a day."""
    for year in range(FIRST, until.year + 1):
        for month in (1, 4, 7, 10):
            if date(year, month, 1) <= until:
                yield f"{year}-{month:02}-01"


def newest(day: str, names: list[str]) -> dict[str, str]:
    """The newest versions as of a day, without the packages that had none for the usual Python."""
    names = list(names)
    while names:
        done = subprocess.run(
            [
                *(find_uv_bin(), "pip", "compile", "--quiet", "--no-deps", "--no-header"),
                *("--no-annotate", "--only-binary", ":all:", "--exclude-newer", day),
                *("--python-version", "{}.{}".format(*usual(day)), "-"),
            ],
            input="\n".join(names),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            return dict(_PIN.findall(done.stdout))
        gone = set(_YOU_REQUIRE.findall(done.stderr)) & set(names)
        if not gone:
            raise SystemExit(done.stderr)
        names = [name for name in names if name not in gone]
    return {}


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


def main() -> None:
    """Write the table: of each package only the quarters in which its newest version changed."""
    names = PACKAGES.split()
    found: dict[str, dict[str, str]] = {name: {} for name in names}
    asked = names
    for day in quarters(datetime.now(UTC).date()):
        # Each package that has no wheel costs one more try, so those are asked for once a year; in
        # the first one many got their first wheel.
        told = newest(day, names if "-01-" in day or day.startswith(str(FIRST)) else asked)
        asked = list(told)
        for name, version in told.items():
            # A release without wheels for that Python would have an old one take its place.
            if _number(version) > max(map(_number, found[name].values()), default=()):
                found[name][day] = version
        sys.stderr.write(f"{day}\n")
    lines = [
        " ".join([name, *(f"{day}={version}" for day, version in versions.items())])
        for name, versions in sorted(found.items())
        if versions
    ]
    head = "# Written by tools/upload_dates.py: the newest version by each quarter's first day."
    TABLE.write_text("\n".join([head, *lines]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
