"""Sampling parameters for requests that do not give their own."""

from dataclasses import dataclass

from dynamo.config.fields import setting


@dataclass
class SamplingConfig:
    """Defaults of a worker. A request's value wins; what is unset here comes from the model's
    generation_config, then from the engine (R118 to R125). No environment variable sets them. The
    ranges are those of the OpenAI frontend."""

    temperature: float | None = setting(None, minimum=0, maximum=2)
    """Spread of the distribution; 0 always takes the most probable token."""
    top_p: float | None = setting(None, above=0, maximum=1)
    """Sample among the most probable tokens that together have this probability."""
    top_k: int | None = setting(None, minimum=-1)
    """Sample among this many most probable tokens; -1 and 0 mean all."""
    min_p: float | None = setting(None, minimum=0, maximum=1)
    """Leave out tokens less probable than this share of the most probable one."""
    presence_penalty: float | None = setting(None, minimum=-2, maximum=2)
    """Lower the score of tokens that were generated before; negative raises it."""
    frequency_penalty: float | None = setting(None, minimum=-2, maximum=2)
    """Lower the score of tokens by how often they were generated; negative raises it."""
    repetition_penalty: float | None = setting(None, above=0, maximum=2)
    """Divide the score of tokens in prompt or output by this; 1 changes nothing."""
    seed: int | None = None
    """Seed of the random choice: equal requests get equal answers."""
    max_tokens: int | None = setting(None, minimum=1)
    """Longest answer in tokens; unset: what the model's context leaves (R123)."""
    min_tokens: int | None = setting(None, minimum=0)
    """Tokens before an answer may end."""
    ignore_eos: bool | None = None
    """Go on after the end-of-sequence token, until `max_tokens`. The OpenAI frontend ends answers
    there all the same, unless the request itself says so or the engine detokenises."""
