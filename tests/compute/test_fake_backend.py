"""The backend of the scheduler's tests keeps the contract too."""

from pathlib import Path

from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.jobs import JobEnvironment, JobSpec
from runyard.protocol.runs import RunSpec
from runyard_server.testing.backend_contract import BackendContract
from runyard_server.testing.fake_backend import Engine, FakeBackend


class TestFakeBackend(BackendContract):
    engines: dict[Path, Engine] = {}  # noqa: RUF012 - one engine for each test's folder

    def make_backend(self, folder: Path) -> FakeBackend:
        return FakeBackend(self.engines.setdefault(folder, Engine()))

    def make_job(self, folder: Path) -> JobSpec:
        return JobSpec(
            run="exp_1_cafe",
            workspace="default",
            workspace_name="default",
            subscription_id="s",
            resource_group="g",
            experiment_id="e",
            spec=RunSpec("exp", "", "train.py", environment=EnvironmentDefinition()),
            files=[],
            environment=JobEnvironment("python"),
            url="http://127.0.0.1:1",
            token="hush",
            run_folder=str(folder / "run"),
            light=str(folder / "light"),
        )

    def end(self, folder: Path, job: JobSpec, exit_code: int) -> None:
        self.engines[folder].end(f"{job.run}/0/1/job", exit_code)

    def starts(self, folder: Path, job: JobSpec) -> int:
        return sum(plan.run == job.run for plan in self.engines[folder].plans)

    def clean_up(self, folder: Path) -> None:
        del self.engines[folder]
