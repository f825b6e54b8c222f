"""Rules about the kinds of worker that SGLang can be, its gateway and its routes."""

import re
from collections.abc import Callable, Iterator

from dynamo.config.machine import Machine
from dynamo.config.problems import Problem
from dynamo.config.schema import Config
from dynamo.config.suggest import closest
from dynamo.engines.sglang.arguments import sglang
from dynamo.engines.sglang.rules import engine_problem
from dynamo.engines.sglang.worker_kind import ROLES, chosen_kinds

Rule = Callable[[Config, Machine], Iterator[Problem]]

ENGINE_ROUTE = re.compile(r"[\w/.-]+(=\w+)?(:(engine|tm))?")


def one_kind(config: Config, machine: Machine) -> Iterator[Problem]:
    """R98: a worker is of one kind; the reference takes the first in an order of its own."""
    kinds = chosen_kinds(sglang(config))
    if len(kinds) > 1:
        text = f"exclude each other: {', '.join(f'backend.{name}' for name in kinds)}"
        yield Problem(f"backend.{kinds[1]}", True, text, "one of them", rule="R98")


def kind_has_no_halves(config: Config, machine: Machine) -> Iterator[Problem]:
    """R98: only generated text is split into prefill and decode, or has media in its requests."""
    for kind in chosen_kinds(sglang(config))[:1]:
        role = config.role.name
        if role.lower() != "aggregated":
            text = f"cannot be played by backend.{kind}"
            yield Problem("role.name", role, text, "aggregated", "role=aggregated", "R98")


def role_is_known(config: Config, machine: Machine) -> Iterator[Problem]:
    """R98: some multimodal roles are vLLM's alone."""
    role = config.role.name
    if role.lower() not in ROLES:
        near = closest(role, ROLES, limit=1)
        meant = f"role={near[0]}" if near else ""
        yield Problem("role.name", role, "is no role of SGLang", ", ".join(ROLES), meant, "R98")


def images_are_stored(config: Config, machine: Machine) -> Iterator[Problem]:
    """R155: generated images are stored somewhere and published below a base URL."""
    backend = sglang(config)
    path = "backend.image_diffusion_fs_url"
    if backend.image_diffusion_worker and not backend.image_diffusion_fs_url:
        text = "is missing: an image diffusion worker stores what it generates"
        allowed = "a file system URL"
        yield Problem(path, None, text, allowed, f"{path}=file:///srv/images", "R155")
    elif backend.image_diffusion_fs_url and not backend.image_diffusion_worker:
        text = "has no effect without backend.image_diffusion_worker"
        meant = "backend.image_diffusion_worker=true"
        value = backend.image_diffusion_fs_url
        yield Problem(path, value, text, "", meant, "R155", fatal=False)


def urls_are_urls(config: Config, machine: Machine) -> Iterator[Problem]:
    """R155: the store is named by a file system URL, the base by an http one."""
    backend = sglang(config)
    store, base = backend.image_diffusion_fs_url, backend.image_diffusion_base_url
    if store and not re.match(r"[a-z][\w+.-]*://", store):
        path = "backend.image_diffusion_fs_url"
        meant = f"{path}=file://{store}" if store.startswith("/") else ""
        yield Problem(path, store, "is not a URL", "scheme://...", meant, "R155")
    if not re.match(r"https?://.", base):
        path = "backend.image_diffusion_base_url"
        meant = f"{path}=http://{base}" if "://" not in base else ""
        yield Problem(path, base, "is not a URL that clients can fetch", "http(s)://...", meant,
                      "R155")  # fmt: skip


def rerank_reads_whole_texts(config: Config, machine: Machine) -> Iterator[Problem]:
    """A cross-encoder generates nothing, so diffusion of language makes no sense."""
    if sglang(config).rerank_worker and config.backend.engine.get("dllm_algorithm"):
        text = "contradicts backend.rerank_worker, which generates nothing"
        yield engine_problem(config, "dllm_algorithm", text, "leave it out")


def dedicated_encoder_needs_media(config: Config, machine: Machine) -> Iterator[Problem]:
    """Embeddings come from a separate encode worker only where media is accepted, and not there."""
    path = "backend.dedicated_mm_encoder"
    if not sglang(config).dedicated_mm_encoder:
        return
    if not config.multimodal.enabled:
        text = "chooses where media is encoded, and media is refused"
        yield Problem(path, True, text, "multimodal=enabled beside it", "multimodal=enabled")
    if config.role.name.lower() == "multimodal_encode_worker":
        text = "is for the workers that take embeddings, not for the encode worker"
        yield Problem(path, True, text, "false", f"{path}=false")
    if config.multimodal.frontend_decoding:
        text = "takes embeddings, so images decoded by the frontend never reach it"
        yield Problem(path, True, text, "one of the two", "multimodal.frontend_decoding=false")


def gateways_agree(config: Config, machine: Machine) -> Iterator[Problem]:
    """`tokenizer_worker_num` is set from the gateways; another number contradicts."""
    workers, given = (
        sglang(config).gateway_workers,
        config.backend.engine.get("tokenizer_worker_num"),
    )
    if workers is not None and isinstance(given, int) and given not in (1, workers):
        text = f"contradicts backend.gateway_workers={workers}"
        yield engine_problem(config, "tokenizer_worker_num", text, str(workers))
    if workers is not None and workers > 1 and config.backend.engine.get("enable_lora"):
        text = "is not possible with backend.engine.enable_lora"
        yield Problem("backend.gateway_workers", workers, text, "1")


def engine_routes_are_descriptors(config: Config, machine: Machine) -> Iterator[Problem]:
    """A route names a path, maybe a method, and whose method it is."""
    for route in sglang(config).engine_routes:
        if not ENGINE_ROUTE.fullmatch(route):
            text = "is not a route"
            yield Problem("backend.engine_routes", route, text, "path[=method][:engine|tm]")


RULES: tuple[Rule, ...] = (
    one_kind,
    kind_has_no_halves,
    role_is_known,
    images_are_stored,
    urls_are_urls,
    rerank_reads_whole_texts,
    dedicated_encoder_needs_media,
    gateways_agree,
    engine_routes_are_descriptors,
)
