"""Rules over a whole configuration: small pure functions, each with its number."""

from collections.abc import Callable, Iterator

from dynamo.config.problems import Problem
from dynamo.config.rules import roles, runtime
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
    roles.media_role_needs_multimodal,
    roles.prompt_template_has_a_place,
    roles.encoder_has_shared_storage,
    roles.storage_named_once,
    roles.storage_has_a_user,
    roles.consumer_computes_with_embeddings,
)


def check_rules(config: Config) -> list[Problem]:
    """Apply every rule that knows no engine."""
    return [problem for rule in RULES for problem in rule(config)]
