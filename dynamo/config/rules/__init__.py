"""Rules over a whole configuration: small pure functions, each with its number."""

from collections.abc import Callable, Iterator

from dynamo.config.problems import Problem
from dynamo.config.rules import runtime
from dynamo.config.schema import Config

Rule = Callable[[Config], Iterator[Problem]]

RULES: tuple[Rule, ...] = (
    runtime.parser_names,
    runtime.template_exists,
    runtime.template_needs_chat,
    runtime.endpoint_types_given,
    runtime.endpoint_name,
    runtime.local_indexer_follows_durability,
    runtime.memory_store_needs_own_frontend,
    runtime.etcd_credentials_in_pairs,
    runtime.media_is_not_served_yet,
)


def check_rules(config: Config) -> list[Problem]:
    """Apply every rule that knows no engine."""
    return [problem for rule in RULES for problem in rule(config)]
