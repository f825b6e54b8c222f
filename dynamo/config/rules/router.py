"""Rules about the routing that a worker asks for."""

from collections.abc import Iterator

from dynamo.config.problems import Problem
from dynamo.config.routing import KV_ARGUMENTS, ROUTER_ARGUMENTS
from dynamo.config.schema import Config
from dynamo.config.user_paths import is_file


def settings_need_a_mode(config: Config) -> Iterator[Problem]:
    """Without a mode the worker asks for nothing, and the frontend's routing holds."""
    if config.frontend.kind == "none" and config.frontend.router_mode is None:
        for path, value in _given(config, (*ROUTER_ARGUMENTS, *KV_ARGUMENTS)):
            text = "has no effect without frontend.router_mode"
            yield Problem(path, value, text, "", "frontend.router_mode=kv", fatal=False)


def kv_settings_need_kv_mode(config: Config) -> Iterator[Problem]:
    """Most settings are about what workers hold in their KV cache."""
    mode = config.frontend.router_mode
    if mode == "kv" or (mode is None and config.frontend.kind == "none"):
        return
    for path, value in _given(config, KV_ARGUMENTS):
        text = f"has no effect with frontend.router_mode={mode or 'round-robin'}"
        yield Problem(path, value, text, "kv", "frontend.router_mode=kv", fatal=False)


def guesses_are_forgotten_by_age(config: Config) -> Iterator[Problem]:
    """Beside KV events, guessed blocks are forgotten by age only."""
    router = config.router
    if router.approximate_cache_policy == "lru" and router.use_kv_events is not False:
        path = "router.approximate_cache_policy"
        yield Problem(path, "lru", "needs router.use_kv_events=false", "ttl", f"{path}=ttl")


def predictions_wait_for_events(config: Config) -> Iterator[Problem]:
    """A prediction is kept until a KV event confirms it, so there must be events."""
    router = config.router
    if router.predicted_ttl_seconds is not None and router.use_kv_events is False:
        path = "router.predicted_ttl_seconds"
        text, meant = "needs router.use_kv_events", "router.use_kv_events=true"
        yield Problem(path, router.predicted_ttl_seconds, text, "unset", meant)


def policy_file_exists(config: Config) -> Iterator[Problem]:
    """The runtime reads the file when the model is registered, and refuses to go on without it."""
    path = config.router.policy_config
    if path is not None and not is_file(path):
        text = "is not an existing file"
        yield Problem("router.policy_config", path, text, "path of a YAML file")


def output_blocks_are_active_blocks(config: Config) -> Iterator[Problem]:
    """Blocks of generated tokens are counted among those of requests in flight."""
    if config.router.track_output_blocks and config.router.track_active_blocks is False:
        meant = "router.track_active_blocks=true"
        text = "needs router.track_active_blocks"
        yield Problem("router.track_output_blocks", True, text, "false", meant)


def _given(config: Config, names: tuple[str, ...] | dict[str, str]) -> Iterator[tuple[str, object]]:
    for name in names:
        value = getattr(config.router, name)
        if value is not None:
            yield f"router.{name}", value
