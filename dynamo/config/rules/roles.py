"""Rules about roles, media and the encoder cache that workers share."""

from collections.abc import Iterator

from dynamo.config.problems import Problem
from dynamo.config.roles import Role, role_named
from dynamo.config.schema import Config

PROMPT_MARK = "<prompt>"
SHARED_DIRECTORY_BACKEND = "ECExampleConnector"


def media_role_needs_multimodal(config: Config) -> Iterator[Problem]:
    """R83, R188: a role that handles media needs `multimodal.enabled`; the reverse is legal.

    The documents' example of a native encoder leaves it out, against their own rule.
    """
    role = config.role.name
    if _role(config).handles_media and not config.multimodal.enabled:
        text = f"must be on for role={role}"
        yield Problem("multimodal.enabled", False, text, "true", "multimodal=enabled", "R83")


def prompt_template_has_a_place(config: Config) -> Iterator[Problem]:
    """R86: without `<prompt>` in the template, what the user wrote would be lost."""
    template = config.multimodal.prompt_template
    if PROMPT_MARK not in template:
        yield Problem(
            "multimodal.prompt_template", template, f"has no {PROMPT_MARK}",
            f"a text with {PROMPT_MARK} where the user's prompt belongs", rule="R86",
        )  # fmt: skip


def encoder_has_shared_storage(config: Config) -> Iterator[Problem]:
    """R87, R88: ECExampleConnector shares a directory; other connectors need not.

    The reference's code wants the directory for every connector; its documents, followed here, for
    this one.
    """
    multimodal = config.multimodal
    if _role(config).produces_embeddings:
        user, rule = f"role={config.role.name}", "R87"
    elif multimodal.ec_consumer_mode:
        user, rule = "multimodal.ec_consumer_mode", "R91"
    else:
        return
    if multimodal.ec_connector_backend == SHARED_DIRECTORY_BACKEND and not _storage(config):
        yield Problem(
            "multimodal.ec_storage_path", multimodal.ec_storage_path,
            f"is missing: {user} shares embeddings through a directory",
            "a directory that encoder and language model workers can reach",
            "multimodal.ec_storage_path=/shared/embeddings", rule,
        )  # fmt: skip


def storage_named_once(config: Config) -> Iterator[Problem]:
    """R89: the directory is written into the connector's settings, where it may stand already."""
    given = config.multimodal.ec_extra_config.get("shared_storage_path")
    path = config.multimodal.ec_storage_path
    if path is not None and given not in (None, path):
        yield Problem(
            "multimodal.ec_extra_config.shared_storage_path", given,
            f"contradicts multimodal.ec_storage_path={path}", "one of the two", rule="R89",
        )  # fmt: skip


def storage_has_a_user(config: Config) -> Iterator[Problem]:
    """R90, R91: only a native encoder and a consumer use the directory."""
    multimodal = config.multimodal
    used = _role(config).produces_embeddings or multimodal.ec_consumer_mode
    if multimodal.ec_storage_path and not used:
        yield Problem(
            "multimodal.ec_storage_path", multimodal.ec_storage_path,
            f"has no effect with role={config.role.name}",
            "role=vllm_native_encoder_worker, or multimodal.ec_consumer_mode=true",
            rule="R90", fatal=False,
        )  # fmt: skip


def consumer_computes_with_embeddings(config: Config) -> Iterator[Problem]:
    """R91: who loads embeddings runs the language model on requests with media."""
    if not config.multimodal.ec_consumer_mode:
        return
    path = "multimodal.ec_consumer_mode"
    if not _role(config).runs_language_model:
        text = f"has no effect with role={config.role.name}, which runs no language model"
        yield Problem(path, True, text, "a role such as multimodal_worker", f"{path}=false", "R91")
    elif not config.multimodal.enabled:
        yield Problem(
            path, True, "has no effect while media is refused", "multimodal=enabled beside it",
            "multimodal=enabled", "R91",
        )  # fmt: skip


def _role(config: Config) -> Role:
    return role_named(config.role.name)


def _storage(config: Config) -> str | None:
    multimodal = config.multimodal
    return multimodal.ec_storage_path or multimodal.ec_extra_config.get("shared_storage_path")
