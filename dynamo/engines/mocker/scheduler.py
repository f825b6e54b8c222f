"""Continuous batching over a paged KV cache, without any notion of time or of coroutines."""

from collections import deque
from dataclasses import dataclass, field, replace

from dynamo.engines.base import GenerateRequest
from dynamo.engines.mocker.arguments import MockArguments
from dynamo.engines.mocker.hand_over import taken_over_tokens
from dynamo.engines.mocker.kv_cache import BlockPool, extend_block_hashes
from dynamo.engines.mocker.kv_events import EventLog
from dynamo.engines.mocker.tokens import answer_seed


@dataclass(eq=False)
class RunningSequence:
    """One choice of one request on its way through the engine."""

    request: GenerateRequest
    choice: int
    answer: int
    tokens: list[int]
    """Prompt and output so far."""
    computed_tokens: int = 0
    cached_tokens: int = 0
    blocks: list[int] = field(default_factory=list)
    block_hashes: list[int] = field(default_factory=list)
    taken_over_tokens: int = 0
    """Prompt tokens whose KV cache comes from another engine; 0 once it is there."""
    finished: bool = False

    @property
    def num_output_tokens(self) -> int:
        return len(self.tokens) - len(self.request.token_ids)


@dataclass(frozen=True)
class Step:
    """What one forward pass computes: tokens per sequence, and their sums by kind."""

    scheduled: list[tuple[RunningSequence, int]]
    prefill_tokens: int
    decode_sequences: int


class Scheduler:
    """Decides which sequences each step computes.

    Running sequences go first, then waiting ones in order of arrival, within `max_num_seqs`, the
    token budget and the free blocks. Prompts longer than the budget are computed in chunks. When
    the blocks run out, the sequence that started last gives its blocks back and starts over.
    """

    def __init__(self, arguments: MockArguments) -> None:
        self._arguments = arguments
        self.events = EventLog(arguments.block_size) if arguments.publish_kv_events else None
        self.pool = BlockPool(arguments.num_gpu_blocks, self.events)
        self.waiting: deque[RunningSequence] = deque()
        self.running: list[RunningSequence] = []

    def set_limits(self, max_num_seqs: int, max_num_batched_tokens: int) -> None:
        """Schedule under these limits from the next step on; what runs goes on running."""
        self._arguments = replace(
            self._arguments,
            max_num_seqs=max_num_seqs,
            max_num_batched_tokens=max_num_batched_tokens,
        )

    @property
    def has_work(self) -> bool:
        return bool(self.waiting or self.running)

    def add(self, request: GenerateRequest, choice: int, seed: int) -> RunningSequence:
        """Queue one choice of a request.

        Raises:
            InvalidRequestError: it brings the KV cache of another prompt.
        """
        prompt = list(request.token_ids)
        answer = answer_seed(seed, prompt, choice, request.lora_name)
        sequence = RunningSequence(request, choice, answer, prompt)
        sequence.taken_over_tokens = taken_over_tokens(request)
        self.waiting.append(sequence)
        return sequence

    def remove(self, sequence: RunningSequence) -> None:
        """Take a sequence out, finished or not, and free its blocks at once."""
        sequence.finished = True
        if sequence in self.running:
            self.running.remove(sequence)
        elif sequence in self.waiting:
            self.waiting.remove(sequence)
        self._free(sequence)

    def schedule(self) -> Step:
        """Choose the tokens of the next step and reserve their blocks."""
        budget = self._arguments.max_num_batched_tokens
        scheduled: list[tuple[RunningSequence, int]] = []
        waiting_before = len(self.waiting)
        while len(scheduled) < len(self.running) and budget:
            sequence = self.running[len(scheduled)]
            count = min(len(sequence.tokens) - sequence.computed_tokens, budget)
            if self._grow_or_preempt(sequence, count):
                scheduled.append((sequence, count))
                budget -= count
        if len(self.waiting) == waiting_before:
            scheduled += self._admit(budget)
        decoding = sum(1 for sequence, _ in scheduled if _is_decoding(sequence))
        prefill = sum(n for sequence, n in scheduled if not _is_decoding(sequence))
        return Step(scheduled, prefill_tokens=prefill, decode_sequences=decoding)

    def complete(self, step: Step) -> list[RunningSequence]:
        """Account for a computed step; return the sequences that are due their next token."""
        due = []
        for sequence, count in step.scheduled:
            if sequence.finished:
                continue
            self._publish_full_blocks(sequence, count)
            sequence.computed_tokens += count
            if sequence.computed_tokens == len(sequence.tokens):
                due.append(sequence)
        return due

    def _admit(self, budget: int) -> list[tuple[RunningSequence, int]]:
        admitted = []
        while self.waiting and budget and len(self.running) < self._arguments.max_num_seqs:
            sequence = self.waiting[0]
            self._acquire_cached_prefix(sequence)
            sequence.computed_tokens = max(sequence.computed_tokens, sequence.taken_over_tokens)
            count = min(len(sequence.tokens) - sequence.computed_tokens, budget)
            if not self._grow(sequence, count):
                self._free(sequence)
                break
            sequence.taken_over_tokens = 0
            self.running.append(self.waiting.popleft())
            admitted.append((sequence, count))
            budget -= count
        return admitted

    def _acquire_cached_prefix(self, sequence: RunningSequence) -> None:
        if not self._arguments.enable_prefix_caching:
            return
        size = self._arguments.block_size
        extend_block_hashes(sequence.block_hashes, sequence.tokens, size)
        # The last token is always computed: its result is the next token.
        usable = (len(sequence.tokens) - 1) // size
        sequence.blocks = self.pool.acquire_cached(sequence.block_hashes[:usable])
        sequence.computed_tokens = len(sequence.blocks) * size
        if not sequence.num_output_tokens:
            sequence.cached_tokens = sequence.computed_tokens

    def _grow(self, sequence: RunningSequence, count: int) -> bool:
        needed = -(-(sequence.computed_tokens + count) // self._arguments.block_size)
        blocks = self.pool.allocate(max(0, needed - len(sequence.blocks)))
        if blocks is None:
            return False
        sequence.blocks += blocks
        return True

    def _grow_or_preempt(self, sequence: RunningSequence, count: int) -> bool:
        while not self._grow(sequence, count):
            victim = self.running.pop()
            self._free(victim)
            self.waiting.appendleft(victim)
            if victim is sequence:
                return False
        return True

    def _publish_full_blocks(self, sequence: RunningSequence, count: int) -> None:
        if not self._arguments.enable_prefix_caching:
            return
        size = self._arguments.block_size
        extend_block_hashes(sequence.block_hashes, sequence.tokens, size)
        first = sequence.computed_tokens // size
        for index in range(first, (sequence.computed_tokens + count) // size):
            hashes = sequence.block_hashes
            new = self.pool.publish(sequence.blocks[index], hashes[index])
            if new and self.events is not None:
                parent = hashes[index - 1] if index else None
                tokens = sequence.tokens[index * size : (index + 1) * size]
                self.events.stored(hashes[index], parent, tokens)

    def _free(self, sequence: RunningSequence) -> None:
        self.pool.release(sequence.blocks)
        sequence.blocks = []
        sequence.computed_tokens = 0


def _is_decoding(sequence: RunningSequence) -> bool:
    return sequence.computed_tokens == len(sequence.tokens) - 1 and sequence.num_output_tokens > 0
