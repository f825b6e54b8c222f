"""A request's seed repeats its answer, whatever else is in the batch.

SGLang reads seeds only with `enable_deterministic_inference`, which gives up the prefix cache on
most backends and refuses `min_p`. Here the rows of requests with a seed are drawn again by
generators of their own, and nothing is done for batches without one.

Importing this module imports SGLang.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from sglang.srt.layers.sampler import Sampler, register_sampler_backend
from sglang.srt.sampling.sampling_batch_info import SamplingBatchInfo

UNSEEDED = -1
SAMPLING_BACKENDS = ("pytorch", "flashinfer")
STRIDE = 1_000_003
"""Tells the draws of neighbouring positions apart: more than any context has tokens."""
SEEDS = 1 << 63


def honour_seeds() -> None:
    """Let this process's sampler use the seeds of requests; call it before the model is loaded."""
    for backend in SAMPLING_BACKENDS:
        register_sampler_backend(backend, SeededSampler)
    build, merge = SamplingBatchInfo.from_schedule_batch.__func__, SamplingBatchInfo.merge_batch
    SamplingBatchInfo.from_schedule_batch = classmethod(_with_seeds(build))
    SamplingBatchInfo.merge_batch = _merging_seeds(merge)


class SeededSampler(Sampler):  # type: ignore[misc]
    """Draws the rows that have a seed from that seed and their position alone."""

    def _sample_from_probs(
        self, probs: Any, sampling_info: Any, positions: Any, simple_sampling_case: bool
    ) -> Any:
        seeds = sampling_info.sampling_seed
        if self.enable_deterministic or seeds is None:
            return super()._sample_from_probs(probs, sampling_info, positions, simple_sampling_case)
        rows = (seeds != UNSEEDED).nonzero().view(-1)
        weights, tokens = allowed(
            probs[rows],
            sampling_info.top_ks[rows],
            sampling_info.top_ps[rows],
            sampling_info.min_ps[rows],
        )
        unseeded = replace(sampling_info, sampling_seed=None)
        drawn, capture = super()._sample_from_probs(
            probs, unseeded, positions, simple_sampling_case
        )
        places = zip(rows.tolist(), seeds[rows].tolist(), positions[rows].tolist(), strict=True)
        for (row, seed, position), weight, token in zip(places, weights, tokens, strict=True):
            generator = torch.Generator(weight.device)
            generator.manual_seed((seed * STRIDE + position) % SEEDS)
            drawn[row] = token[torch.multinomial(weight, 1, generator=generator)[0]]
        return drawn, capture


def allowed(probs: Any, top_ks: Any, top_ps: Any, min_ps: Any) -> tuple[Any, Any]:
    """Return weights and tokens, most probable first; tokens that are ruled out weigh nothing."""
    ranked, tokens = probs.sort(dim=-1, descending=True)
    rank = torch.arange(ranked.shape[-1], device=ranked.device)
    more_probable = ranked.cumsum(dim=-1) - ranked
    kept = (
        (rank < top_ks[:, None])
        & (more_probable <= top_ps[:, None])
        & (ranked >= ranked[:, :1] * min_ps[:, None])
    )
    return ranked * kept, tokens


def _with_seeds(build: Callable[..., Any]) -> Callable[..., Any]:
    def from_schedule_batch(cls: Any, batch: Any, vocab_size: int) -> Any:
        info = build(cls, batch, vocab_size)
        seeds = [request.sampling_params.sampling_seed for request in batch.reqs]
        if info.sampling_seed is None and any(seed is not None for seed in seeds):
            known = [UNSEEDED if seed is None else seed for seed in seeds]
            info.sampling_seed = torch.tensor(known, dtype=torch.int64, device=batch.device)
        return info

    return from_schedule_batch


def _merging_seeds(merge: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    def merge_batch(self: Any, other: Any) -> None:
        seeded = [info for info in (self, other) if info.sampling_seed is not None]
        if len(seeded) == 1:
            for info in (self, other):
                if info.sampling_seed is None:
                    info.sampling_seed = torch.full_like(info.top_ks, UNSEEDED, dtype=torch.int64)
        merge(self, other)

    return merge_batch
