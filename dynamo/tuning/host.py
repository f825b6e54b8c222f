"""Finds each plan a process whose environment fits, and keeps it while plans ask for the same."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from dynamo.config.plan import LaunchPlan
from dynamo.engines.registry import model_reference, with_model
from dynamo.tuning.bench import OnProgress
from dynamo.tuning.pool import BuildEngine
from dynamo.tuning.process import BenchProcess, TimeLimits
from dynamo.tuning.trial import Measurement, Outcome
from dynamo.worker.model_files import ModelUnavailableError, local_model


class EngineHost:
    """Holds at most one process, and with it at most one engine; `close` must be called."""

    def __init__(self, directory: Path, build: BuildEngine, limits: TimeLimits) -> None:
        self._directory = directory
        self._build = build
        self._limits = limits
        self._process: BenchProcess | None = None
        self._environment: Mapping[str, str] = {}

    def measure(self, plan: LaunchPlan, on_progress: OnProgress) -> Measurement:
        """Run one trial, in a new process if the last one is gone or has another environment."""
        try:
            plan = _with_local_model(plan)
        except ModelUnavailableError as error:
            return Measurement(Outcome.START_FAILED, str(error))
        return self._process_for(plan.engine.environment).measure(plan, on_progress)

    def close(self) -> None:
        """Stop engine and process."""
        process, self._process = self._process, None
        if process is not None:
            process.close()

    def _process_for(self, environment: Mapping[str, str]) -> BenchProcess:
        process = self._process
        if process is None or not process.is_usable or environment != self._environment:
            self.close()
            process = BenchProcess(environment, self._directory, self._build, self._limits)
            self._process, self._environment = process, environment
        return process


def _with_local_model(plan: LaunchPlan) -> LaunchPlan:
    """Let the engine read its model, if it loads one, from a local directory."""
    reference = model_reference(plan.engine)
    if reference is None:
        return plan
    return replace(plan, engine=with_model(plan.engine, local_model(reference, print)))
