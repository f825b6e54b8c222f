"""The file of the global router: each mistake is found, all of them at once."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamo.config.global_router import check, read
from tests.config.global_router.files import agg, disagg

Change = tuple[str, Any]
REMOVED = object()
PREFILL = "prefill_pool_selection_strategy"
DECODE = "decode_pool_selection_strategy"


def changed(data: dict[str, Any], *changes: Change) -> dict[str, Any]:
    """Return a copy with values at dotted paths replaced or removed."""
    result = copy.deepcopy(data)
    for path, value in changes:
        *above, key = path.split(".")
        inside = result
        for name in above:
            inside = inside[name]
        if value is REMOVED:
            del inside[key]
        else:
            inside[key] = value
    return result


def problems(data: object) -> list[tuple[str, str]]:
    return [(problem.path, problem.rule) for problem in check(data).problems if problem.fatal]


@pytest.mark.parametrize("data", [disagg(), agg()], ids=["disagg", "agg"])
def test_r165_a_good_file_has_no_problem(data: dict[str, Any]) -> None:
    found = check(data)
    assert found.problems == ()
    assert found.router is not None


def test_r165_both_spellings_of_a_latency_mean_the_same() -> None:
    new = disagg()
    for kind in (PREFILL, DECODE):
        for key in [key for key in new[kind] if key in ("ttft_min", "ttft_max", "itl_min")]:
            new[kind][f"{key}_ms"] = new[kind].pop(key)
    assert check(new) == check(disagg())


def test_r165_two_spellings_must_agree() -> None:
    same = changed(disagg(), (f"{PREFILL}.ttft_min_ms", 100))
    assert problems(same) == []
    other = changed(disagg(), (f"{PREFILL}.ttft_min_ms", 50))
    assert problems(other) == [(f"{PREFILL}.ttft_min", "R165")]


@pytest.mark.parametrize(
    "path",
    [
        "num_prefill_pools",
        "decode_pool_dynamo_namespaces",
        PREFILL,
        f"{PREFILL}.isl_min",
        f"{PREFILL}.ttft_resolution",
        f"{DECODE}.decode_pool_mapping",
    ],
)
def test_r165_a_missing_key_is_named(path: str) -> None:
    assert problems(changed(disagg(), (path, REMOVED))) == [(path, "R165")]


def test_r165_a_missing_latency_is_named_as_it_is_written_today() -> None:
    assert problems(changed(disagg(), (f"{DECODE}.itl_max", REMOVED))) == [
        (f"{DECODE}.itl_max_ms", "R165")
    ]


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("num_prefill_pools", 0, "R168"),
        ("num_prefill_pools", "2", "R168"),
        ("num_prefill_pools", True, "R168"),
        ("num_prefill_pools", None, "R168"),
        ("mode", "both", "R165"),
        ("enable_priority_retry", "yes", "R165"),
        (PREFILL, [], "R165"),
        (f"{PREFILL}.isl_max", 1.5, "R165"),
        (f"{PREFILL}.ttft_max", "fast", "R165"),
        (f"{PREFILL}.ttft_max", float("inf"), "R165"),
        pytest.param(f"{PREFILL}.ttft_max", 10**400, "R165", id="too-large"),
        (f"{PREFILL}.prefill_pool_mapping", {}, "R166"),
        (f"{PREFILL}.priority_overrides", {}, "R165"),
    ],
)
def test_r165_a_value_of_the_wrong_type_is_named(path: str, value: object, rule: str) -> None:
    assert (path, rule) in problems(changed(disagg(), (path, value)))


@pytest.mark.parametrize(
    ("mapping", "path"),
    [
        ([[0, 0, 1]], ""),
        ([[0, 0, 1]] * 3, ""),
        ([], ""),
        ([[0, 0, 1], [0, 1]], "[1]"),
        ([[0, 0, 1, 1], [0, 1, 1]], "[0]"),
        ([[0, 0, 1], 7], "[1]"),
        ([[0, 0, 1], None], "[1]"),
    ],
)
def test_r166_the_mapping_has_as_many_rows_and_columns_as_the_grid(
    mapping: object, path: str
) -> None:
    key = f"{PREFILL}.prefill_pool_mapping"
    assert problems(changed(disagg(), (key, mapping))) == [(f"{key}{path}", "R166")]


def test_r166_each_decode_row_has_itl_resolution_entries() -> None:
    key = f"{DECODE}.decode_pool_mapping"
    (problem,) = check(changed(disagg(), (key, [[0, 1, 1], [1, 2]]))).problems
    assert problem.path == f"{key}[0]"
    assert problem.message == "has 3 entries, and itl_resolution is 2"


@pytest.mark.parametrize("pool", [-1, 3, 0.0, "0", None, True])
def test_r167_a_pool_that_does_not_exist_is_named_by_row_and_column(pool: object) -> None:
    key = f"{DECODE}.decode_pool_mapping"
    assert problems(changed(disagg(), (key, [[0, 1], [pool, 2]]))) == [(f"{key}[1][0]", "R167")]


def test_r167_an_override_names_a_pool_that_exists() -> None:
    override = {"min_priority": 1, "max_priority": 2, "target_pool": 2}
    data = changed(agg(), ("agg_pool_selection_strategy.priority_overrides", [override]))
    path = "agg_pool_selection_strategy.priority_overrides[0].target_pool"
    assert problems(data) == [(path, "R167")]


def test_r169_an_override_has_a_range() -> None:
    override = {"min_priority": 3, "max_priority": 2, "target_pool": 0}
    data = changed(agg(), ("agg_pool_selection_strategy.priority_overrides", [override]))
    path = "agg_pool_selection_strategy.priority_overrides[0].min_priority"
    assert problems(data) == [(path, "R169")]


@pytest.mark.parametrize("names", [["d0", "d1"], ["d0", "d1", "d2", "d3"], []])
def test_r168_there_is_one_namespace_per_pool(names: list[str]) -> None:
    key = "decode_pool_dynamo_namespaces"
    assert problems(changed(disagg(), (key, names))) == [(key, "R168")]


@pytest.mark.parametrize("name", ["", " ", 7, "a.b", None])
def test_r168_a_namespace_is_a_name(name: object) -> None:
    key = "decode_pool_dynamo_namespaces"
    assert problems(changed(disagg(), (key, ["d0", name, "d2"]))) == [(f"{key}[1]", "R168")]


def test_r168_ranks_are_one_per_pool_too() -> None:
    assert problems(changed(agg(), ("agg_pool_priorities", [0]))) == [
        ("agg_pool_priorities", "R168")
    ]
    assert problems(changed(agg(), ("agg_pool_priorities", [0, None]))) == [
        ("agg_pool_priorities[1]", "R168")
    ]


@pytest.mark.parametrize("resolution", [0, -1, 1.5])
def test_r169_resolutions_are_positive(resolution: object) -> None:
    path = f"{PREFILL}.isl_resolution"
    assert problems(changed(disagg(), (path, resolution))) == [(path, "R169")]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{PREFILL}.isl_min", 32000),
        (f"{PREFILL}.ttft_min", 400),
        (f"{PREFILL}.ttft_min", 401),
        (f"{DECODE}.itl_min", 50),
        (f"{DECODE}.context_length_min", 1001),
    ],
)
def test_r169_every_minimum_is_below_its_maximum(path: str, value: float) -> None:
    assert problems(changed(disagg(), (path, value))) == [(path, "R169")]


def test_everything_wrong_is_reported_in_one_run() -> None:
    data = changed(
        disagg(),
        ("num_decode_pools", 2),
        (f"{PREFILL}.isl_resolution", 0),
        (f"{PREFILL}.ttft_min", 500),
        (f"{PREFILL}.prefill_pool_mapping", [[0, 9, 1], [0]]),
    )
    assert set(problems(data)) == {
        ("decode_pool_dynamo_namespaces", "R168"),
        (f"{PREFILL}.isl_resolution", "R169"),
        (f"{PREFILL}.ttft_min", "R169"),
        (f"{PREFILL}.prefill_pool_mapping[0][1]", "R167"),
        (f"{PREFILL}.prefill_pool_mapping[1]", "R166"),
        (f"{DECODE}.decode_pool_mapping[1][1]", "R167"),
    }


def test_an_unknown_key_is_a_notice_with_the_one_that_was_meant() -> None:
    data = changed(disagg(), ("enable_priority_rety", True), ("_comment", "two pools"))
    found = check(data)
    (notice,) = found.problems
    assert found.router is not None
    assert (notice.path, notice.suggestion) == ("enable_priority_rety", "enable_priority_retry")


def test_keys_of_the_other_mode_are_said_to_have_no_effect() -> None:
    found = check({**agg(), "num_prefill_pools": 2})
    assert found.router is not None
    assert [problem.path for problem in found.problems] == ["num_prefill_pools"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "7", '"text"', "{'a': 1}", "[" * 100000, "9" * 10000, "\ufeff{}"],
    ids=range(10),
)
def test_r165_a_file_that_holds_no_object_is_one_problem(tmp_path: Path, text: str) -> None:
    file = tmp_path / "router.json"
    file.write_text(text)
    found = read(file)
    assert found.router is None
    assert len(found.problems) == 1


def test_r165_a_missing_file_a_directory_and_bytes_are_problems(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for file in (tmp_path / "none.json", tmp_path, tmp_path / "bytes"):
        (problem,) = read(file).problems
        assert (problem.path, problem.rule) == (str(file), "R165")


def test_r165_a_key_given_twice_is_refused_not_dropped(tmp_path: Path) -> None:
    file = tmp_path / "router.json"
    file.write_text(json.dumps(disagg())[:-1] + ', "num_decode_pools": 3}')
    found = read(file)
    assert found.router is None
    assert [problem.path for problem in found.problems] == ["num_decode_pools"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
KEYS = sorted(
    {*disagg(), *agg(), *(f"{kind}.{key}" for kind in (PREFILL, DECODE) for key in disagg()[kind])}
)


@given(JSON)
def test_no_json_value_raises(data: object) -> None:
    found = check(data)
    assert (found.router is None) == any(problem.fatal for problem in found.problems)


@given(st.sampled_from(KEYS), JSON, st.sampled_from([disagg(), agg()]))
def test_no_single_wrong_value_raises_or_is_used(
    path: str, value: object, data: dict[str, Any]
) -> None:
    if "." in path and PREFILL not in data:
        return
    found = check(changed(data, (path, value)))
    if found.router is None:
        assert any(problem.fatal for problem in found.problems)
        return
    for pools in found.router.pools:
        for row, column in ((None, None), (0, 0), (1e308, -1e308)):
            pool = pools.select(row, column)
            assert 0 <= pool < len(pools.namespaces)
            pools.retry_order(pool)


@given(st.binary(max_size=200))
def test_no_file_raises(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.json"
    file.write_bytes(content)
    assert read(file).router is None


@pytest.mark.parametrize("depth", [60, 900, 960, 975, 985, 5000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("key", ["mode", "num_prefill_pools", "prefill_pool_dynamo_namespaces"])
def test_a_file_that_is_nested_too_deeply_is_one_problem(
    tmp_path: Path, depth: int, opening: str, closing: str, key: str
) -> None:
    """What can just be read is not deep enough to be reported, which recurses too."""
    file = tmp_path / "deep.json"
    file.write_text(f'{{"{key}": {opening * depth}1{closing * depth}}}')
    found = read(file)
    assert found.router is None
    assert [problem.path for problem in found.problems] == [str(file)]


@given(st.dictionaries(st.text(max_size=6).filter(lambda key: key not in KEYS), JSON, max_size=4))
def test_every_key_that_is_not_read_is_reported_but_comments(extra: dict[str, Any]) -> None:
    found = check({**disagg(), **extra})
    reported = [problem.path for problem in found.problems]
    assert sorted(reported) == sorted(key for key in extra if not key.startswith("_"))
    assert found.router is not None
