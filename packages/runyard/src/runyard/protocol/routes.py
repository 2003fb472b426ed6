"""The table of everything that can be asked of the service: the rows of all nouns.

One row per route. The client calls by row, the service serves by row, the OpenAPI document is
made from the rows; a route that is not here does not exist. The rows of a noun stand with its
records, so that a new one is a line in that module and none here. A row named `noun.verb` is
served by the function `verb` of `runyard_server.operations.<noun>`.

Bodies and answers are JSON records unless said: `Bytes` is a raw stream, `Events` server-sent
events, `Nothing` no body. Who may call, and how far a run's own token reaches, is the row's scope.
"""

from typing import Any, List

from runyard.protocol.audit import *
from runyard.protocol.compute import *
from runyard.protocol.datasets import *
from runyard.protocol.datastores import *
from runyard.protocol.endpoints import *
from runyard.protocol.environments import *
from runyard.protocol.events import *
from runyard.protocol.experiments import *
from runyard.protocol.feed import *
from runyard.protocol.files import *
from runyard.protocol.images import *
from runyard.protocol.jobs import *
from runyard.protocol.journals import *
from runyard.protocol.metrics import *
from runyard.protocol.models import *
from runyard.protocol.parallel import *
from runyard.protocol.parameters import *
from runyard.protocol.pipeline_drafts import *
from runyard.protocol.pipeline_endpoints import *
from runyard.protocol.pipelines import *
from runyard.protocol.published_pipelines import *
from runyard.protocol.queue import *
from runyard.protocol.registered_models import *
from runyard.protocol.route import Route
from runyard.protocol.run_export import *
from runyard.protocol.run_keys import *
from runyard.protocol.runs import *
from runyard.protocol.schedules import *
from runyard.protocol.secrets import *
from runyard.protocol.seen import *
from runyard.protocol.series import *
from runyard.protocol.service import *
from runyard.protocol.sites import *
from runyard.protocol.snapshots import *
from runyard.protocol.stars import *
from runyard.protocol.storage import *
from runyard.protocol.stream import *
from runyard.protocol.studio import *
from runyard.protocol.sweeps import *
from runyard.protocol.tensorboard import *
from runyard.protocol.tokens import *
from runyard.protocol.trash import *
from runyard.protocol.usage import *
from runyard.protocol.users import *
from runyard.protocol.views import *
from runyard.protocol.workspaces import *

ROUTES: List[Route[Any]] = [row for row in list(globals().values()) if isinstance(row, Route)]
