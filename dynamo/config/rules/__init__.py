"""Rules over a whole configuration: small pure functions, each with its number."""

from collections.abc import Callable, Iterator

from dynamo.config.problems import Problem
from dynamo.config.rules import (
    connector,
    control,
    deployment,
    global_router,
    lora,
    network,
    observability,
    roles,
    router,
    runtime,
    sampling,
    structural_tag,
)
from dynamo.config.schema import Config

Rule = Callable[[Config], Iterator[Problem]]

RULES: tuple[Rule, ...] = (
    runtime.parser_names,
    runtime.template_exists,
    runtime.template_needs_chat,
    runtime.endpoint_types_given,
    runtime.endpoint_name,
    runtime.kv_state_endpoint_name,
    runtime.local_indexer_follows_durability,
    runtime.memory_store_needs_own_frontend,
    runtime.etcd_credentials_in_pairs,
    runtime.etcd_speaks_tls_with_all_files,
    structural_tag.structural_tag_is_known,
    router.settings_need_a_mode,
    router.kv_settings_need_kv_mode,
    router.guesses_are_forgotten_by_age,
    router.predictions_wait_for_events,
    router.policy_file_exists,
    router.output_blocks_are_active_blocks,
    connector.kvbm_settings_need_kvbm,
    control.control_is_guarded,
    roles.media_role_needs_multimodal,
    roles.prompt_template_has_a_place,
    roles.encoder_has_shared_storage,
    roles.storage_named_once,
    roles.storage_has_a_user,
    roles.consumer_computes_with_embeddings,
    network.announced_hosts_are_specific,
    network.tls_files_in_pairs,
    network.tls_protects_what_it_seems_to,
    network.frontend_speaks_tls,
    network.nats_user_has_a_password,
    network.nats_authenticates_once,
    network.http_workers_are_asked_in_turn,
    network.broker_url_has_both_sides,
    network.sizes_fit,
    network.paths_begin_with_a_slash,
    network.worker_suffix_is_a_name,
    deployment.container_mode_is_known,
    deployment.container_reaches_its_servers,
    deployment.published_ports_listen_outside,
    deployment.topology_has_a_domain,
    observability.log_level_is_known,
    observability.log_file_exists,
    observability.canaries_are_sent_and_seen,
    observability.attributes_are_pairs,
    lora.engine_can_hold_adapters,
    lora.adapter_settings_have_a_use,
    lora.allocation_settings_have_a_use,
    lora.adapters_in_memory_fit,
    global_router.file_is_valid,
    global_router.model_has_a_name,
    sampling.answers_can_end,
    sampling.answers_end_where_the_frontend_says,
)


def check_rules(config: Config) -> list[Problem]:
    """Apply every rule that knows no engine."""
    return [problem for rule in RULES for problem in rule(config)]
