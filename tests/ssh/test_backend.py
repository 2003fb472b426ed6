"""The ssh backend keeps to the contract of every backend, over a real ssh server."""

from typing import Any

import pytest

from runyard.runtime.installing import find_python
from runyard_server.compute import registry
from runyard_server.compute.base import Backend, SiteContext
from runyard_server.testing.backend_contract import BackendContract
from runyard_server.testing.sshd import SshServer


class TestSshBackend(BackendContract):
    """Two machines, which are this one under two names."""

    @pytest.fixture(autouse=True)
    def _with(self, server: SshServer) -> None:
        self.server = server

    def make_backend(self, context: SiteContext) -> Backend:
        server = self.server
        machines = [f"{server.user}@{name}:{server.port}" for name in ("127.0.0.1", "localhost")]
        options: dict[str, Any] = server.options(*machines)
        # The oldest Python that agents run on.
        options |= {"folder": str(context.runs / "there"), "python": find_python("3.7")}
        return registry.make("ssh", context, options)
