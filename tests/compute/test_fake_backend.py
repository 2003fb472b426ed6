"""The backend of the scheduler's tests keeps the contract too."""

import pytest

from runyard_server.compute.base import Backend, Capabilities, Job, SiteContext
from runyard_server.testing.backend_contract import BackendContract
from runyard_server.testing.fake_backend import SLOTS, Engine, FakeBackend

LIMITED = Capabilities(cpus=4, memory_gb=8, max_nodes=3)


@pytest.mark.parametrize("can", [SLOTS, LIMITED], ids=["slots", "limited"])
class TestFakeBackend(BackendContract):
    @pytest.fixture(autouse=True)
    def _engine(self, can: Capabilities) -> None:
        self.engine = Engine(can=can)

    def make_backend(self, context: SiteContext) -> FakeBackend:
        return FakeBackend(context, self.engine)

    def starts(self, _backend: Backend, job: Job) -> list[str]:
        return [plan.run for plan in self.engine.plans if plan.run == job.run]

    def end(self, _backend: Backend, job: Job, exit_code: int) -> None:
        self.engine.end(f"{job.run}/0/1/job", exit_code)
