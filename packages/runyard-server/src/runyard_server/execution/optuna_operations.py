"""What an operation of Optuna's journal storage does to the sweeps that show its studies.

The format and the rules are those of `optuna.storages.JournalStorage`, which every client replays:
studies and trials are numbered in the order in which their operations come, over the whole journal;
what comes for a study that is gone, for an ended trial or for a name that is taken changes nothing.
Optuna itself is not needed for it. An operation that makes no sense is passed over.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from runyard.protocol import sweeps as protocol
from runyard.protocol.sweeps import CHOICE, MAXIMIZE, MINIMIZE, NUMBER, Objective, ParameterSpec
from runyard_server.core.clock import SECOND
from runyard_server.execution.shown_studies import ShownStudies, ShownStudy
from runyard_server.store.sweeps import TrialRow

Entry = Mapping[str, Any]

# Optuna's numbers: of StudyDirection, and below of TrialState, by position.
_MAXIMIZE = 2
_STATES = (
    *(protocol.RUNNING, protocol.COMPLETED, protocol.STOPPED),
    # Of what is enqueued and waits for a worker.
    *(protocol.FAILED, protocol.PAUSED),
)
_OPEN = (protocol.RUNNING, protocol.PAUSED)
_METRIC_NAMES = "study:metric_names"
_OF_TRIALS = (5, 6, 7)
# What the database and the wire can hold.
_LARGEST = 1 << 62


def apply(shown: ShownStudies, entry: Entry) -> None:
    """Do what an operation says; nothing where it makes no sense."""
    act = _ACTS.get(entry["op_code"])
    if act is None:
        return
    try:
        act(shown, entry)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError):
        return


def trial_of(entry: Entry) -> int | None:
    """The journal's number of the trial that an operation is about, if it is about a known one."""
    trial = entry.get("trial_id")
    known = entry["op_code"] in _OF_TRIALS and isinstance(trial, int) and 0 <= trial < _LARGEST
    return trial if known else None


def _create_study(shown: ShownStudies, entry: Entry) -> None:
    name = _text(entry["study_name"])
    if shown.is_taken(name):
        return
    goals = [MAXIMIZE if each == _MAXIMIZE else MINIMIZE for each in entry["directions"]]
    several = len(goals) > 1
    shown.begin_study(
        name,
        [Objective(f"value_{n}" if several else "value", goal) for n, goal in enumerate(goals)],
    )


def _delete_study(shown: ShownStudies, entry: Entry) -> None:
    shown.delete_study(entry["study_id"])


def _name_metrics(shown: ShownStudies, entry: Entry) -> None:
    study, names = shown.study(entry["study_id"]), entry["system_attr"].get(_METRIC_NAMES)
    if study is not None and names and len(names) == len(study.spec.objectives):
        goals = zip(study.spec.objectives, names, strict=True)
        study.spec = replace(
            study.spec, objectives=[Objective(_text(name), each.goal) for each, name in goals]
        )


def _create_trial(shown: ShownStudies, entry: Entry) -> None:
    study = shown.study(entry["study_id"])
    if study is None:
        return
    state = _STATES[entry.get("state", 0)]
    started = _time(entry.get("datetime_start"))
    trial = TrialRow(0, state, {}, shown.now if started is None else started)
    shown.begin_trial(study, trial)
    distributions = entry.get("distributions") or {}
    for name, value in (entry.get("params") or {}).items():
        _set(study, trial, name, value, distributions[name])
    for step, value in (entry.get("intermediate_values") or {}).items():
        study.report(trial, _step(step), float(value))
    if state not in _OPEN:
        values = entry.get("values") or _listed(entry.get("value"))
        study.end(trial, state, values, _time(entry.get("datetime_complete")) or shown.now)


def _set_param(shown: ShownStudies, entry: Entry) -> None:
    found = _open_trial(shown, entry)
    if found is not None:
        value = entry["param_value_internal"]
        _set(*found, entry["param_name"], value, entry["distribution"])


def _set_state(shown: ShownStudies, entry: Entry) -> None:
    found = _open_trial(shown, entry)
    if found is None:
        return
    study, trial = found
    state = _STATES[entry["state"]]
    if state in _OPEN:
        study.move(trial, state)
        trial.started_at = _time(entry.get("datetime_start")) or trial.started_at
        return
    ended = _time(entry.get("datetime_complete"))
    study.end(trial, state, entry.get("values") or [], ended or shown.now)


def _report(shown: ShownStudies, entry: Entry) -> None:
    found = _open_trial(shown, entry)
    if found is not None:
        study, trial = found
        study.report(trial, _step(entry["step"]), float(entry["intermediate_value"]))


_ACTS: Mapping[int, Callable[[ShownStudies, Entry], None]] = {
    0: _create_study,
    1: _delete_study,
    3: _name_metrics,
    4: _create_trial,
    5: _set_param,
    6: _set_state,
    7: _report,
}


def _open_trial(shown: ShownStudies, entry: Entry) -> tuple[ShownStudy, TrialRow] | None:
    found = shown.trial(entry["trial_id"])
    return found if found is not None and found[1].state in _OPEN else None


def _set(study: ShownStudy, trial: TrialRow, name: str, internal: float, text: str) -> None:
    """Set a parameter of a trial, unless its study knows it as another kind of parameter."""
    parameter = _parameter(_text(name), text)
    known = next((each for each in study.spec.space if each.name == parameter.name), None)
    if known is None:
        study.spec = replace(study.spec, space=[*study.spec.space, parameter])
    elif not _alike(known, parameter):
        return
    trial.params[parameter.name] = _external(parameter, internal)
    study.changed[trial.number] = trial


def _parameter(name: str, text: str) -> ParameterSpec:
    """A parameter of the space, of Optuna's JSON for a distribution."""
    found = json.loads(text)
    kind, given = found["name"], found["attributes"]
    if "choices" in given:
        return ParameterSpec(name, CHOICE, choices=[_plain(each) for each in given["choices"]])
    whole = kind.startswith("Int")
    step = given.get("step") or given.get("q")
    return ParameterSpec(
        name,
        NUMBER,
        low=float(given["low"]),
        high=float(given["high"]),
        log=bool(given.get("log", "Log" in kind)),
        q=None if not step or (whole and step == 1) else float(step),
        whole=whole,
    )


def _alike(one: ParameterSpec, other: ParameterSpec) -> bool:
    """Whether Optuna takes both for one parameter: bounds of numbers may differ."""
    kinds = [(each.kind, each.whole, each.log, each.choices) for each in (one, other)]
    return kinds[0] == kinds[1]


def _external(parameter: ParameterSpec, internal: float) -> Any:
    if parameter.kind == CHOICE:
        return parameter.choices[int(internal)]
    return _plain(int(internal)) if parameter.whole else float(internal)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    return str(value) if isinstance(value, int) and abs(value) > _LARGEST else value


def _text(value: Any) -> str:
    """A text without halves of surrogate pairs, which JSON may have and UTF-8 has not."""
    return str(value).encode("utf-8", "replace").decode()


def _step(value: Any) -> int:
    return max(-_LARGEST, min(int(value), _LARGEST))


def _listed(value: float | None) -> list[float]:
    return [] if value is None else [value]


def _time(text: str | None) -> int | None:
    """Microseconds since 1970 of a time as Optuna writes it, in UTC unless it says otherwise."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return int(seconds * SECOND) if math.isfinite(seconds) else None
