"""LoRA adapters in vLLM (R135 to R142). Importing this module imports vLLM."""

from vllm.config import LoRAConfig
from vllm.lora.request import LoRARequest
from vllm.v1.engine.async_llm import AsyncLLM
from vllm.v1.engine.exceptions import EngineDeadError as VllmEngineDeadError

from dynamo.engines.adapter_slots import Adapter, AdapterSlots
from dynamo.engines.base import EngineDeadError, InvalidRequestError


def vllm_adapters(llm: AsyncLLM, config: LoRAConfig | None) -> AdapterSlots:
    """Return the slots of a running engine, none when it was started without `enable_lora`."""

    async def add(adapter: Adapter) -> None:
        try:
            await llm.add_lora(lora_request(adapter))
        except VllmEngineDeadError as error:
            raise EngineDeadError(str(error)) from error
        except Exception as error:
            # The core's own exception arrives as its text.
            raise InvalidRequestError(str(error)) from error

    async def remove(adapter: Adapter) -> None:
        await llm.remove_lora(adapter.adapter_id)

    return AdapterSlots(capacity(config), add, remove)


def capacity(config: LoRAConfig | None) -> int:
    """Return how many adapters vLLM keeps; it would drop the oldest for one more."""
    if config is None:
        return 0
    return int(config.max_cpu_loras or config.max_loras)


def lora_request(adapter: Adapter) -> LoRARequest:
    """Return the adapter as vLLM wants it with each request.

    vLLM's prefix cache tells adapters apart by name and path: when weights may have changed under
    both, the path is spelled otherwise, so that no block of the earlier ones is taken.
    """
    path = adapter.directory + "/." * adapter.generation
    return LoRARequest(adapter.name, adapter.adapter_id, path)
