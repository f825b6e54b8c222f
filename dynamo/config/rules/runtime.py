"""Rules about names, parsers, templates, events and the shape of a deployment."""

import os
from collections.abc import Iterator

from dynamo.config.known_names import reasoning_parsers, tool_call_parsers
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.config.suggest import closest
from dynamo.config.user_paths import home_expanded, is_file
from dynamo.config.values import is_name


def parser_names(config: Config) -> Iterator[Problem]:
    """R27: parsers are known to the runtime."""
    known = {
        "runtime.tool_call_parser": (config.runtime.tool_call_parser, tool_call_parsers()),
        "runtime.reasoning_parser": (config.runtime.reasoning_parser, reasoning_parsers()),
    }
    for path, (name, allowed) in known.items():
        if name is not None and name not in allowed:
            near = closest(name, allowed, limit=1)
            meant = f"{path}={near[0]}" if near else ""
            yield Problem(path, name, "is not a known parser", ", ".join(allowed), meant, "R27")


def template_exists(config: Config) -> Iterator[Problem]:
    """R29: the chat template, after expansion (R28), is an existing file."""
    path = config.runtime.custom_jinja_template
    if path is None:
        return
    expanded = expand_path(path)
    if not is_file(expanded):
        shown = path if path == expanded else f"{path} ({expanded})"
        yield Problem(
            "runtime.custom_jinja_template", shown, "is not an existing file",
            "path of a Jinja chat template", rule="R29",
        )  # fmt: skip


def expand_path(path: str) -> str:
    """R28: expand environment variables, then the home directory."""
    return str(home_expanded(os.path.expandvars(path)))


def template_needs_chat(config: Config) -> Iterator[Problem]:
    """R31: a chat template without the chat endpoint has no effect."""
    types = [name.lower() for name in config.runtime.endpoint_types]
    if config.runtime.custom_jinja_template and "chat" not in types:
        yield Problem(
            "runtime.endpoint_types", ",".join(types),
            "has no chat, so the custom chat template is never used",
            suggestion="runtime.endpoint_types=[chat,completions]", rule="R31", fatal=False,
        )  # fmt: skip


def endpoint_types_given(config: Config) -> Iterator[Problem]:
    """R32: at least one endpoint type."""
    if not config.runtime.endpoint_types:
        yield Problem(
            "runtime.endpoint_types", "[]", "is empty", "chat, completions, or both",
            "runtime.endpoint_types=[chat,completions]", "R32",
        )  # fmt: skip


def endpoint_name(config: Config) -> Iterator[Problem]:
    """R99: an explicit endpoint has three non-empty parts; a namespace is one part (R19)."""
    endpoint = config.runtime.endpoint
    if endpoint is not None:
        parts = endpoint.removeprefix("dyn://").split(".")
        if len(parts) != 3 or not all(is_name(part) for part in parts):
            yield Problem(
                "runtime.endpoint", endpoint, "does not have three parts",
                "dyn://namespace.component.endpoint", rule="R99",
            )  # fmt: skip
    if not is_name(config.runtime.namespace):
        yield Problem(
            "runtime.namespace", config.runtime.namespace, "is not a name",
            "letters, digits, - and _", rule="R19",
        )  # fmt: skip


def kv_state_endpoint_name(config: Config) -> Iterator[Problem]:
    """Events under any other name would reach nobody, and the runtime would not say so."""
    endpoint = config.runtime.kv_state_endpoint
    if endpoint is None:
        return
    parts = endpoint.removeprefix("dyn://").replace("/", ".").split(".")
    if len(parts) != 3 or not all(is_name(part) for part in parts):
        yield Problem(
            "runtime.kv_state_endpoint", endpoint, "does not have three parts",
            "namespace.component.endpoint",
        )  # fmt: skip


def local_indexer_follows_durability(config: Config) -> Iterator[Problem]:
    """R26: the local indexer is on exactly when KV events are not durable."""
    chosen, durable = config.runtime.enable_local_indexer, config.runtime.durable_kv_events
    if chosen is not None and chosen == durable:
        yield Problem(
            "runtime.enable_local_indexer", chosen,
            f"contradicts runtime.durable_kv_events={str(durable).lower()}",
            "the opposite of runtime.durable_kv_events",
            f"runtime.enable_local_indexer={str(not durable).lower()}", "R26",
        )  # fmt: skip


def memory_store_needs_own_frontend(config: Config) -> Iterator[Problem]:
    """R21: the memory store ends at the process, so nobody else finds the worker."""
    if config.store.kind != "mem":
        return
    if config.action == "frontend":
        text = "is visible to this process only, and it has no worker"
        yield Problem("store.kind", "mem", text, "store=file, store=etcd", "store=file", "R21")
    elif config.frontend.kind == "none":
        yield Problem(
            "store.kind", "mem", "is visible to this process only, and it has no frontend",
            "store=file or store=etcd, or frontend=embedded", "store=file", "R21",
        )  # fmt: skip


def etcd_credentials_in_pairs(config: Config) -> Iterator[Problem]:
    """R20: etcd wants a user with a password, and a client certificate with its key."""
    pairs = (("etcd_username", "etcd_password"), ("etcd_client_cert", "etcd_client_key"))
    for pair in pairs:
        missing = [name for name in pair if getattr(config.store, name) is None]
        if len(missing) == 1:
            (given,) = set(pair) - set(missing)
            yield Problem(
                f"store.{missing[0]}", None, f"is missing beside store.{given}", "both or neither",
                rule="R20",
            )  # fmt: skip


TLS_TO_ETCD = ("etcd_ca", "etcd_client_cert", "etcd_client_key")


def etcd_speaks_tls_with_all_files(config: Config) -> Iterator[Problem]:
    """R20: the runtime speaks TLS with etcd only when it has all three files, and no password."""
    store = config.store
    encrypted = any(address.startswith("https://") for address in store.etcd_endpoints)
    given = [name for name in TLS_TO_ETCD if getattr(store, name) is not None]
    if store.kind != "etcd" or not (given or encrypted):
        return
    needs = "store.etcd_ca, etcd_client_cert and etcd_client_key"
    for name in TLS_TO_ETCD:
        if name not in given:
            text = "is missing: without all three files the runtime does not speak TLS with etcd"
            yield Problem(f"store.{name}", None, text, needs, rule="R20")
    if store.etcd_username is not None:
        text = "is used without TLS: the runtime takes either a password or certificates for etcd"
        meant = "store.etcd_username=null store.etcd_password=null"
        yield Problem("store.etcd_username", store.etcd_username, text, needs, meant, "R20")
