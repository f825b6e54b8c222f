"""vLLM's AsyncLLM with nothing around it: the yardstick for everything that we add.

Reads JSON lines from stdin, each a WorkloadPlan; answers each with one JSON line of metrics on the
file descriptor given as `--result-fd`. None of the project's engine classes is used.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

from dynamo.config.plan import WorkloadPlan
from dynamo.engines.base import Chunk, GenerateRequest
from dynamo.tuning.metrics import summarize
from dynamo.tuning.workload import measured_requests, run_closed_loop


async def serve(engine_arguments: dict[str, Any], result_fd: int) -> None:
    """Start the engine, say `ready` after its first token, then run loads until stdin ends."""
    from vllm import SamplingParams
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.sampling_params import RequestOutputKind
    from vllm.v1.engine.async_llm import AsyncLLM

    engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**engine_arguments))
    vocab_size = engine.model_config.get_vocab_size()

    async def send(request: GenerateRequest) -> AsyncIterator[Chunk]:
        sampling = SamplingParams(
            max_tokens=request.max_tokens,
            temperature=0.0,
            ignore_eos=True,
            detokenize=False,
            output_kind=RequestOutputKind.DELTA,
        )
        prompt = {"prompt_token_ids": list(request.token_ids)}
        async for output in engine.generate(prompt, sampling, request.request_id):
            yield Chunk(output.outputs[0].token_ids, finish_reason=output.outputs[0].finish_reason)

    def answer(value: dict[str, Any]) -> None:
        os.write(result_fd, json.dumps(value).encode() + b"\n")

    first = WorkloadPlan(1, 1, 8, 1, seed=-1, warmup_requests=0)
    await run_closed_loop(send, measured_requests(first, vocab_size), 1)
    answer({"ready": True})
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        workload = WorkloadPlan(**json.loads(line))
        requests = measured_requests(workload, vocab_size)
        timings = await run_closed_loop(send, requests, workload.concurrency)
        answer(dataclasses.asdict(summarize(timings)))
    engine.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine-arguments", required=True, help="JSON object for AsyncEngineArgs")
    parser.add_argument("--result-fd", type=int, required=True)
    arguments = parser.parse_args()
    asyncio.run(serve(json.loads(arguments.engine_arguments), arguments.result_fd))


if __name__ == "__main__":
    main()
