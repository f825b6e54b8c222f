"""The OpenAI HTTP frontend of this process."""

import asyncio
from typing import Any

from dynamo.llm import EngineType, EntrypointArgs, RouterConfig, make_engine, run_input

from dynamo.config.plan import FrontendPlan, LaunchPlan
from dynamo.worker.routing import ROUTER_MODES


async def start_frontend(
    runtime: Any, plan: LaunchPlan, frontend: FrontendPlan, namespace: str | None = None
) -> asyncio.Future[None]:
    """Start listening; the returned future ends when the runtime is shut down.

    With a `namespace`, models of all others are left out.
    """
    arguments = EntrypointArgs(
        EngineType.Dynamic,
        http_host=frontend.host,
        http_port=frontend.port,
        namespace=namespace,
        router_config=RouterConfig(ROUTER_MODES[frontend.router_mode]),
        migration_limit=plan.registration.migration_limit,
    )
    engine = await make_engine(runtime, arguments)
    return asyncio.ensure_future(run_input(runtime, "http", engine))
