"""Clients of a worker that ask for long answers, read one message of each, and then nothing more.

python -m tests.e2e.paused_clients STORE_DIRECTORY CLIENTS MAX_TOKENS
"""

import asyncio
import os
import sys

import uvloop

PAUSED = "paused"
CANDIDATES = 20
"""Per token: they make messages of a kilobyte."""


async def main(store: str, clients: int, max_tokens: int) -> None:
    os.environ |= {"DYN_FILE_KV": store, "DYN_TCP_RPC_HOST": "127.0.0.1"}
    os.environ["DYN_TCP_RESPONSE_STREAM_HOST"] = "127.0.0.1"
    from dynamo.runtime import DistributedRuntime

    runtime = DistributedRuntime(asyncio.get_running_loop(), "file", "tcp", event_plane="zmq")
    client = await runtime.endpoint("dynamo.backend.generate").client()
    await asyncio.wait_for(client.wait_for_instances(), 20)
    request = {
        "token_ids": [1, 2, 3],
        "stop_conditions": {"max_tokens": max_tokens, "ignore_eos": True},
        "output_options": {"logprobs": CANDIDATES},
    }
    answers = [await client.generate(request, annotated=False) for _ in range(clients)]
    for answer in answers:
        await anext(aiter(answer))
    print(PAUSED, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
