"""A unit of systemd for the service, as `runyard serve --print-unit` writes it.

Runs are processes of the unit's cgroup. By default systemd ends them all when the service ends or
is started again, and when the kernel kills one of them for memory; the unit says otherwise.
"""

import os
import pwd
import sys
from collections.abc import Sequence
from pathlib import Path

from runyard.protocol.service import HOME_VARIABLE
from runyard_server.app import ending

_UNIT = """\
# Written by `runyard serve --print-unit`. Keep it as
#     {place}
# and start it with:
#     {start}

[Unit]
Description=Runyard service of {home}
After=network.target
StartLimitIntervalSec=60
StartLimitBurst=5

[Service]
{user}ExecStart={command}
{environment}
Restart=on-failure
RestartSec=2
# A wrong setting, another service on the folder, an unusable folder: trying again is no help.
RestartPreventExitStatus={hopeless}
# Runs are processes of this unit. They go on when the service ends, and the next takes them over.
KillMode=process
# Nor does the service end because the kernel ended a run that took too much memory.
OOMPolicy=continue
TimeoutStopSec=30
LimitNOFILE=65536
TasksMax=infinity

[Install]
WantedBy={target}
"""
_SYSTEM = "/etc/systemd/system/runyard.service"
_USER = "~/.config/systemd/user/runyard.service"


def text(home: Path, options: Sequence[str], *, system: bool) -> str:
    """The unit's text.

    Args:
        home: The state folder.
        options: The options of the service, as `--port 8420`.
        system: For the machine's systemd, as the present user; else for that user's own.
    """
    scope = "" if system else "--user "
    start = f"systemctl {scope}daemon-reload && systemctl {scope}enable --now runyard"
    if not system:
        # Without it a user's services end with the last log-in.
        start += " && loginctl enable-linger"
    command = [os.path.abspath(sys.executable), "-P", "-m", "runyard_server.app", *options]  # noqa: PTH100 - a virtual environment's own interpreter is a link
    # systemd has a PATH of its own, in which jobs would not find the user's programs.
    variables = {HOME_VARIABLE: str(home), "PATH": os.environ.get("PATH", os.defpath)}
    return _UNIT.format(
        place=_SYSTEM if system else _USER,
        start=start,
        # `%h` and its like are words of systemd's.
        home=str(home).replace("%", "%%"),
        user=f"User={pwd.getpwuid(os.geteuid()).pw_name}\n" if system else "",
        # Here systemd puts variables in; in `Environment=` a `$` is a `$`.
        command=" ".join(_quoted(word, "$") for word in command),
        environment="\n".join(
            f"Environment={_quoted(f'{name}={value}')}" for name, value in variables.items()
        ),
        hopeless=f"{ending.USAGE} {ending.ALREADY_RUNS} {ending.UNUSABLE_HOME}",
        target="multi-user.target" if system else "default.target",
    )


def _quoted(word: str, doubled: str = "") -> str:
    """Write a word so that systemd reads it as it is.

    Args:
        word: The word.
        doubled: Signs with a meaning beside `%`: `$` where variables are put in.
    """
    for sign in ("\\", '"'):
        word = word.replace(sign, f"\\{sign}")
    for sign in "%" + doubled:
        word = word.replace(sign, sign * 2)
    return f'"{word}"'
