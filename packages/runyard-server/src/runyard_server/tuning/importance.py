"""How much each parameter decides, by PED-ANOVA, over the trials of a sweep.

Watanabe et al., PED-ANOVA (2023), and its conditional form for branches (2026), by Optuna: how far
the best tenth of the trials is distributed otherwise than all are, parameter by parameter. It takes
hundredths of a second for a thousand trials, and loads Optuna.
"""

from collections.abc import Iterable, Sequence

from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

from runyard.protocol.sweeps import Objective, ParameterImportance, ParameterSpec, SweepImportance
from runyard_server.tuning.base import Params
from runyard_server.tuning.samplers.axes import axes_of
from runyard_server.tuning.samplers.quiet import quiet
from runyard_server.tuning.samplers.seen import directions_of, seen_trial
from runyard_server.tuning.samplers.window import Window

FEWEST = 10
"""Of fewer trials the best tenth is less than one."""

# PED-ANOVA takes 0.26 s for so many trials of five parameters, and somebody waits for the picture.
_MOST = 10_000


def importance(
    space: Sequence[ParameterSpec],
    objectives: Sequence[Objective],
    trials: Iterable[tuple[Params, Sequence[float]]],
) -> SweepImportance:
    """How much each parameter decides whether a trial is among the best tenth.

    Args:
        space: The parameters.
        objectives: What is to be large or small; of several, being near the front is what counts.
        trials: Parameters and values of all that have completed, in order; of very many some are
            looked at, evenly.

    Returns:
        The parameters, largest first; none where there are too few trials, with the reason.
    """
    axes = axes_of(space)
    known = list(trials)
    if len(known) < FEWEST:
        return SweepImportance(
            [], len(known), f"{len(known)} trials have completed; {FEWEST} are needed"
        )
    step = -(-len(known) // _MOST)
    seen = [
        seen_trial(number, axes, params, values)
        for number, (params, values) in enumerate(known[::step])
    ]
    study = Window(directions_of(objectives), seen).study()
    with quiet():
        found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    # Parameters that no trial had, or that have one value, decide nothing.
    shares = {each.name: found.get(each.name, 0.0) for each in space}
    items = sorted(shares.items(), key=lambda pair: -pair[1])
    return SweepImportance([ParameterImportance(*pair) for pair in items], len(known))
