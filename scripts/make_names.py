"""Write the names that the runtime wheel knows: parsers and environment variables.

    python -m scripts.make_names ai_dynamo-1.6.1-py3-none-any.whl > dynamo/config/data/names.json

Run with the Python of an environment that holds ai-dynamo-runtime. The wheel of ai-dynamo, which
needs not be installed, adds the variables of Dynamo's other processes (frontend, planner, the
workers of other engines), so that they are not mistaken for misspelt ones.
"""

import argparse
import json
import re
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

NAME = re.compile(r"(?:DYN|ETCD|NATS)_[A-Z0-9_]+")
START = re.compile(r"(?<!_)(?=(?:DYN|ETCD|NATS)_)")

# Read through a prefix and a field name, so that the full name stands nowhere in the library.
ASSEMBLED = (
    "DYN_CANARY_WAIT_TIME",
    "DYN_COMPUTE_THREADS",
    "DYN_HEALTH_CHECK_BUSY_STALL",
    "DYN_HEALTH_CHECK_ENABLED",
    "DYN_HEALTH_CHECK_REQUEST_TIMEOUT",
    "DYN_RUNTIME_MAX_BLOCKING_THREADS",
    "DYN_RUNTIME_NUM_WORKER_THREADS",
    "DYN_SYSTEM_HEALTH_PATH",
    "DYN_SYSTEM_LIVE_PATH",
    "DYN_SYSTEM_STARTING_HEALTH_STATUS",
)

# Read by the kvbm package, which comes in neither wheel.
KVBM = (
    "DYN_KVBM_CPU_CACHE_GB",
    "DYN_KVBM_CPU_CACHE_OVERRIDE_NUM_BLOCKS",
    "DYN_KVBM_DISABLE_DISK_OFFLOAD_FILTER",
    "DYN_KVBM_DISK_CACHE_GB",
    "DYN_KVBM_DISK_CACHE_OVERRIDE_NUM_BLOCKS",
    "DYN_KVBM_ENABLE_RECORD",
    "DYN_KVBM_KV_EVENTS_ENABLE_CONSOLIDATOR",
    "DYN_KVBM_LEADER_WORKER_INIT_TIMEOUT_SECS",
    "DYN_KVBM_LEADER_ZMQ_ACK_PORT",
    "DYN_KVBM_LEADER_ZMQ_HOST",
    "DYN_KVBM_LEADER_ZMQ_PUB_PORT",
    "DYN_KVBM_METRICS",
    "DYN_KVBM_METRICS_PORT",
    "DYN_KVBM_TRANSFER_BATCH_SIZE",
)

# The last name of a run of literals carries the first letters of what follows it.
GLUED = {
    "DYN_COMPONENTE": "DYN_COMPONENT",
    "DYN_DISAGGREGATION_MODED": "DYN_DISAGGREGATION_MODE",
    "DYN_ENABLE_RLCLI": "DYN_ENABLE_RL",
    "DYN_ENABLE_RUST_NVTXNVTX": "DYN_ENABLE_RUST_NVTX",
    "DYN_HTTP_OVERLOAD_STATUS_CODES": "DYN_HTTP_OVERLOAD_STATUS_CODE",
    "DYN_LOGGING_SPAN_EVENTSH": "DYN_LOGGING_SPAN_EVENTS",
    "DYN_MOONCAKE_KV_EVENTS_ENDPOINTB": "DYN_MOONCAKE_KV_EVENTS_ENDPOINT",
    "DYN_REASONING_PARSERD": "DYN_REASONING_PARSER",
    "DYN_REQUEST_PLANE_CODECF": "DYN_REQUEST_PLANE_CODEC",
    "DYN_REQUEST_TRACE_S3_BUCKETOTEL_SERVICE_NAMEMODEL_EXPRESS_URLS": "DYN_REQUEST_TRACE_S3_BUCKET",
    "DYN_ROUTER_MODEL_CARD_WAIT_SECSW": "DYN_ROUTER_MODEL_CARD_WAIT_SECS",
    "DYN_ROUTER_OVERLAP_REFRESH_AFTER_SECS1R": "DYN_ROUTER_OVERLAP_REFRESH_AFTER_SECS",
    "DYN_STRIP_ANTHROPIC_PREAMBLED": "DYN_STRIP_ANTHROPIC_PREAMBLE",
    "DYN_TCP_LATENCY_TRACER": "DYN_TCP_LATENCY_TRACE",
    "DYN_TCP_TLS_CLIENT_CA_CERT_PATHTCP": "DYN_TCP_TLS_CLIENT_CA_CERT_PATH",
    "DYN_TOKEN_IDS_AS_BYTEST": "DYN_TOKEN_IDS_AS_BYTES",
    "DYN_TOOL_CALL_PARSERD": "DYN_TOOL_CALL_PARSER",
    "DYN_TOPOLOGY_MOUNT_PATHU": "DYN_TOPOLOGY_MOUNT_PATH",
    "DYN_VLLM_RL_WORLD_SIZER": "DYN_VLLM_RL_WORLD_SIZE",
    "ETCD_AUTH_CLIENT_KEYB": "ETCD_AUTH_CLIENT_KEY",
    "NATS_AUTH_CREDENTIALS_FILEL": "NATS_AUTH_CREDENTIALS_FILE",
}

# Not variables: cut-off literals and the names of metrics.
FRAGMENTS = {
    "DYN_OVERLAP_SCOR",
    "DYN_ROUTER_DECOD",
    "DYN_ROUTER_DECODE_ACTIVE_REQUEST",
    "DYN_ROUTER_KV_OVERLAP_SCORE_CRED",
    "DYN_ROUTER_KV_OVERLAP_SCORE_WEIG",
    "DYN_ROUTER_PREFI",
    "DYN_ROUTER_QUEUE",
    "DYN_ROUTER_TEMPE",
    "DYN_SHARED_CACHE",
    "NATS_ERRORS_TOTAL17",
}


def names_in_library(library: bytes) -> set[str]:
    """Find variable names among string literals that are stored without separators.

    A name that is followed by another one is exact; the last of a run may have letters glued on.
    """
    exact: set[str] = set()
    last: set[str] = set()
    for run in set(re.findall(NAME.pattern.encode(), library)):
        *before, end = [part for part in START.split(run.decode()) if part]
        exact.update(before)
        last.add(end)
    known = exact | last
    for name in last - exact:
        if name not in GLUED and not any(name[:-cut] in known for cut in (1, 2)):
            exact.add(name)
    return set(_whole(exact | {GLUED[name] for name in GLUED.keys() & last}))


def _whole(names: Iterable[str]) -> Iterable[str]:
    for name in names:
        if not (name.endswith("_") or name in FRAGMENTS or re.search(r"_DYN_|SECS[A-Z]", name)):
            yield name


def names_in_wheel(wheel: Path) -> set[str]:
    """Find variable names in the Python sources of a wheel; prefixes are left out."""
    with zipfile.ZipFile(wheel) as archive:
        files = archive.namelist()
        sources = [name for name in files if name.endswith(".py") and "/test" not in name]
        text = "\n".join(archive.read(name).decode() for name in sources)
    return {name for name in NAME.findall(text) if not name.endswith("_")}


def runtime_names() -> dict[str, list[str]]:
    """Read the installed ai-dynamo-runtime."""
    import dynamo._core as core

    variables = names_in_library(Path(core.__file__).read_bytes()) | set(ASSEMBLED)
    return {
        "tool_call_parsers": sorted(core.get_tool_parser_names()),
        "reasoning_parsers": sorted(core.get_reasoning_parser_names()),
        "runtime_variables": sorted(variables),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", type=Path, help="wheel of ai-dynamo of the same version")
    names = runtime_names()
    others = names_in_wheel(parser.parse_args().wheel)
    names["other_variables"] = sorted((others | set(KVBM)) - set(names["runtime_variables"]))
    json.dump(names, sys.stdout, indent=0)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
