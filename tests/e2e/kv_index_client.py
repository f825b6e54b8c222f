"""Ask the index of KV blocks who has the beginning of a prompt; prints its answer as JSON.

python -m tests.e2e.kv_index_client STORE_DIRECTORY TOKEN,TOKEN,...
"""

import asyncio
import json
import os
import sys

import uvloop


async def main(store: str, tokens: list[int]) -> None:
    os.environ |= {"DYN_FILE_KV": store, "DYN_TCP_RPC_HOST": "127.0.0.1"}
    os.environ["DYN_TCP_RESPONSE_STREAM_HOST"] = "127.0.0.1"
    from dynamo.runtime import DistributedRuntime

    runtime = DistributedRuntime(asyncio.get_running_loop(), "file", "tcp", event_plane="zmq")
    client = await runtime.endpoint("dynamo.kv_index.overlaps").client()
    await asyncio.wait_for(client.wait_for_instances(), 20)
    async for answer in await client.generate({"token_ids": tokens}, annotated=False):
        print(json.dumps(answer), flush=True)
    runtime.shutdown()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], [int(token) for token in sys.argv[2].split(",")]))
