"""The parts that a worker can play, and what each one means for naming and registration."""

from dataclasses import dataclass

Needs = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Role:
    """What follows from a role. Peers are alternatives of worker types that must all be there."""

    component: str
    """Second part of the endpoint's name (R97)."""
    worker_type: str = "aggregated"
    """`aggregated`, `prefill`, `decode` or `encode`, as the frontend's router knows it (R103)."""
    needs: Needs = ()
    """Workers without which this one cannot answer; the model is listed once they are there."""
    handles_media: bool = False
    """Whether the role exists for media only (R83)."""
    serves_frontend: bool = True
    """False for a worker that only other workers call: its model is not listed."""
    runs_language_model: bool = True
    """False where nothing is prefilled or decoded, so that there is no KV cache."""
    produces_embeddings: bool = False
    """Whether the engine itself puts embeddings into storage that other workers share (R90)."""

    @property
    def answers_clients(self) -> bool:
        """Whether a chat template and output parsers make sense here (R27, R30)."""
        return self.serves_frontend and self.worker_type in ("aggregated", "decode")

    @property
    def publishes_kv_events(self) -> bool:
        """R66: a decode worker publishes none, and neither does one without a KV cache."""
        return self.runs_language_model and self.worker_type != "decode"


NEEDS_DECODE: Needs = (("decode",),)
NEEDS_PREFILL: Needs = (("prefill",),)
NEEDS_LANGUAGE_MODEL: Needs = (("prefill", "decode"), ("aggregated",))

ROLES = {
    "aggregated": Role("backend"),
    "prefill": Role("prefill", "prefill", NEEDS_DECODE),
    "decode": Role("backend", "decode", NEEDS_PREFILL),
    "multimodal_processor": Role("processor", handles_media=True, runs_language_model=False),
    "ec_processor": Role("processor", handles_media=True, runs_language_model=False),
    "multimodal_encode_worker": Role(
        "encoder", "encode", NEEDS_LANGUAGE_MODEL,
        handles_media=True, serves_frontend=False, runs_language_model=False,
    ),
    "multimodal_worker": Role("backend", handles_media=True, serves_frontend=False),
    "multimodal_prefill_worker": Role(
        "backend", "prefill", NEEDS_DECODE, handles_media=True, serves_frontend=False
    ),
    "multimodal_decode_worker": Role(
        "decoder", "decode", NEEDS_PREFILL, handles_media=True, serves_frontend=False
    ),
    "multimodal_encode_prefill_worker": Role(
        "encoder", "prefill", NEEDS_DECODE, handles_media=True, serves_frontend=False
    ),
    "vllm_native_encoder_worker": Role(
        "encoder", "encode", NEEDS_LANGUAGE_MODEL,
        handles_media=True, serves_frontend=False, runs_language_model=False,
        produces_embeddings=True,
    ),
}  # fmt: skip
"""Every role by its name in `role.name` (R82, R97)."""


def role_named(name: str) -> Role:
    """Return a role by its name in any case; the default for a name that is no role."""
    return ROLES.get(name.lower(), ROLES["aggregated"])
