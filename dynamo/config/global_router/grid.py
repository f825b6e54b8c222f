"""One kind of pools: how many there are, the two axes, and the mapping of cells to pools."""

from collections.abc import Iterator
from typing import Any

from dynamo.config.global_router.fields import Section
from dynamo.config.global_router.pools import AXES, TARGETS, Axis, Pools, PriorityOverride
from dynamo.config.values import is_name


def parse_pools(top: Section, kind: str) -> Pools | None:
    """Read and check the pools of one kind; None when something is missing or wrong."""
    count = top.as_integer(*top.find(f"num_{kind}_pools"), "R168", minimum=1)
    namespaces = _namespaces(top, kind, count)
    priorities = _priorities(top, kind, count)
    strategy = top.section(f"{kind}_pool_selection_strategy")
    if strategy is None:
        return None
    rows, columns = (_axis(strategy, name) for name in AXES[kind])
    mapping = _mapping(strategy, kind, count)
    overrides = tuple(_overrides(strategy, count))
    strategy.report_unknown()
    if rows is None or columns is None or mapping is None:
        return None
    return Pools(kind, namespaces, rows, columns, mapping, overrides, priorities)


def _namespaces(top: Section, kind: str, count: int | None) -> tuple[str, ...]:
    """R168: there is exactly one namespace per pool."""
    key = f"{kind}_pool_dynamo_namespaces"
    given = _one_per_pool(top, key, count, required=True) or []
    for position, name in enumerate(given):
        if not isinstance(name, str) or not is_name(name):
            allowed = "letters, digits, - and _"
            top.fail(f"{top.at(key)}[{position}]", name, "is not a namespace", allowed, "R168")
    return tuple(str(name) for name in given)


def _priorities(top: Section, kind: str, count: int | None) -> tuple[int, ...]:
    """R168: ranks are optional; when given there is one per pool."""
    key = f"{kind}_pool_priorities"
    given = _one_per_pool(top, key, count, required=False) or []
    ranks = [
        top.as_integer(f"{top.at(key)}[{position}]", rank, "R168")
        for position, rank in enumerate(given)
    ]
    return tuple(rank for rank in ranks if rank is not None)


def _one_per_pool(top: Section, key: str, count: int | None, *, required: bool) -> list[Any] | None:
    given = top.items(key, "R168", required=required)
    if given is not None and count is not None and len(given) != count:
        text = f"has {len(given)} entries for {count} pools"
        top.fail(top.at(key), "", text, f"{count} entries", "R168")
    return given


def _axis(strategy: Section, name: str) -> Axis | None:
    """R169: a positive resolution, and a minimum below the maximum.

    Latencies are written with or without their unit: `ttft_min_ms` and `ttft_min`.
    """
    path, low = _end(strategy, f"{name}_min", name in TARGETS)
    _path, high = _end(strategy, f"{name}_max", name in TARGETS)
    steps_path, steps = strategy.find(f"{name}_resolution")
    resolution = strategy.as_integer(steps_path, steps, "R169", minimum=1)
    if low is None or high is None:
        return None
    if low >= high:
        text = f"is not below the maximum {high:g}"
        strategy.fail(path, low, text, f"less than {high:g}", "R169")
        return None
    if resolution is None:
        return None
    axis = Axis(name, low, high, resolution)
    if axis.step == 0:
        text = "is too fine for the range"
        strategy.fail(steps_path, resolution, text, "fewer steps, or a wider range", "R169")
        return None
    return axis


def _end(strategy: Section, key: str, is_latency: bool) -> tuple[str, float | None]:
    if is_latency:
        path, value = strategy.find(f"{key}_ms", key)
        return path, strategy.as_number(path, value)
    path, value = strategy.find(key)
    return path, strategy.as_integer(path, value, "R165", minimum=0)


def _mapping(strategy: Section, kind: str, count: int | None) -> tuple[tuple[int, ...], ...] | None:
    """R166: as many rows and columns as the axes have steps; R167: only pools that exist."""
    key = f"{kind}_pool_mapping"
    rows = strategy.items(key, "R166")
    if rows is None:
        return None
    row_axis, column_axis = AXES[kind]
    before = len(strategy.problems)
    _length(strategy, strategy.at(key), rows, f"{row_axis}_resolution")
    for number, row in enumerate(rows):
        path = f"{strategy.at(key)}[{number}]"
        if not isinstance(row, list):
            strategy.fail(path, row, "is not a list", "", "R166")
            continue
        _length(strategy, path, row, f"{column_axis}_resolution")
        for position, pool in enumerate(row):
            _check_pool(strategy, f"{path}[{position}]", pool, count)
    return None if len(strategy.problems) > before else tuple(tuple(row) for row in rows)


def _length(strategy: Section, path: str, items: list[Any], resolution: str) -> None:
    _path, wanted = strategy.find(resolution, required=False)
    if type(wanted) is int and wanted > 0 and len(items) != wanted:
        text = f"has {len(items)} entries, and {resolution} is {wanted}"
        strategy.fail(path, "", text, f"{wanted} entries", "R166")


def _check_pool(section: Section, path: str, pool: object, count: int | None) -> int | None:
    if type(pool) is int and pool >= 0 and (count is None or pool < count):
        return pool
    allowed = "0 or more" if count is None else f"0 to {count - 1}"
    section.fail(path, pool, "is not the number of a pool", allowed, "R167")
    return None


def _overrides(strategy: Section, count: int | None) -> Iterator[PriorityOverride]:
    """R167: an override, too, names a pool that exists; its range is not empty."""
    given = strategy.items("priority_overrides", "R165", required=False) or []
    for number, item in enumerate(given):
        rule = strategy.inside(f"{strategy.at('priority_overrides')}[{number}]", item)
        if rule is None:
            continue
        low = rule.as_integer(*rule.find("min_priority"), "R165")
        high = rule.as_integer(*rule.find("max_priority"), "R165")
        path, target = rule.find("target_pool")
        pool = _check_pool(rule, path, target, count)
        rule.report_unknown()
        if low is None or high is None or pool is None:
            continue
        if low > high:
            text = f"is above max_priority {high}"
            rule.fail(rule.at("min_priority"), low, text, f"{high} or less", "R169")
        yield PriorityOverride(low, high, pool)
