"""Adapters in the distributed runtime: fetched by it, and published through it as models."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynamo.llm import LoRADownloader, lora_name_to_id, unregister_model

from dynamo.config.plan import LaunchPlan
from dynamo.engines.base import Engine, EngineInfo
from dynamo.engines.capabilities import ServesAdapters
from dynamo.worker.lora import Adapters, AdapterSettings
from dynamo.worker.registration import register
from dynamo.worker.shutdown import drain_seconds


@dataclass(frozen=True)
class AdapterModels:
    """Publishes adapters as models beside the one that they adapt."""

    plan: LaunchPlan
    endpoint: Any
    directory: Path
    info: EngineInfo

    def adapter_id(self, name: str) -> int:
        """R139: return the number that the runtime gives to a name."""
        return lora_name_to_id(name)

    async def publish(self, name: str) -> None:
        """R139: list the adapter as a model."""
        await register(self.plan, self.endpoint, self.directory, self.info, name)

    async def withdraw(self, name: str) -> None:
        """R140: take it off the list."""
        await unregister_model(self.endpoint, lora_name=name)


def adapters_of(engine: Engine, models: AdapterModels) -> Adapters | None:
    """Return the adapters of a worker, none yet; None when it takes none."""
    plan = models.plan
    if plan.lora is None or not models.info.max_adapters or not isinstance(engine, ServesAdapters):
        return None
    settings = AdapterSettings(plan.model.served_name, plan.lora.hot_swap, drain_seconds(plan))
    # Its cache is where DYN_LORA_PATH says.
    return Adapters(engine, models, LoRADownloader().download_if_needed, settings)
