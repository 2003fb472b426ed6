"""The rules for names, checked before anything is sent."""

from __future__ import annotations

import re
from typing import Any

from runyard.sdk.exceptions import UserErrorException, WebserviceException


def check_experiment(name: Any) -> str:
    """Check an experiment's name.

    Raises:
        UserErrorException: It breaks the rule.
    """
    from runyard.protocol.experiments import NAME_RULE

    if not isinstance(name, str) or not re.fullmatch(NAME_RULE, name):
        raise UserErrorException(
            f"the experiment name {name!r} must begin with a letter or digit, go on with letters, "
            "digits, _ or -, and have at most 255 characters"
        )
    return name


def check_model(name: Any) -> str:
    """Check a model's name.

    Raises:
        WebserviceException: It breaks the rule.
    """
    from runyard.protocol.models import NAME_RULE

    if not isinstance(name, str) or not re.fullmatch(NAME_RULE, name):
        raise WebserviceException(
            f"the model name {name!r} must begin with a letter or digit, go on with letters, "
            "digits, -, . or _, and have at most 255 characters"
        )
    return name
