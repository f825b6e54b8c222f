"""The record of a sweep: append-only, readable after a kill, never written by two."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from dynamo.tuning.metrics import RequestTiming, summarize
from dynamo.tuning.records import (
    TABLE_FILE,
    TRIALS_FILE,
    DirectoryInUseError,
    Records,
    table_text,
)
from dynamo.tuning.trial import Measurement, Outcome, Seconds, TrialResult

METRICS = summarize([RequestTiming(0.0, (0.5, 0.7, 0.9), 10, 3), RequestTiming(0.1, (0.4,), 5, 1)])
OK = TrialResult(
    number=1,
    overrides=("backend.engine.max_num_seqs=4", "+workload.concurrency=8"),
    key="0123456789abcdef",
    engine_key="abcdef",
    versions={"vllm": "0.32.0"},
    measurement=Measurement(
        Outcome.OK, "", "engine-001.log", METRICS, Seconds(engine_start=2.5), {"import": 2.0}
    ),
)
FAILED = TrialResult(
    0, (), "fedc", "abc", {}, Measurement(Outcome.CRASHED, 'dead, "really"', "engine-002.log")
)


@pytest.mark.parametrize("result", [OK, FAILED], ids=["ok", "failed"])
def test_what_is_recorded_is_read_back_unchanged(tmp_path: Path, result: TrialResult) -> None:
    with Records(tmp_path) as records:
        records.append(result)
        assert records.read() == [result]
    with Records(tmp_path) as records:
        assert records.read() == [result]


def test_every_trial_is_one_line_of_json(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.append(OK)
        records.append(FAILED)
    lines = (tmp_path / TRIALS_FILE).read_text().splitlines()
    assert [json.loads(line)["measurement"]["outcome"] for line in lines] == ["ok", "crashed"]


def test_a_line_torn_by_a_kill_is_dropped_and_the_rest_goes_on(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.append(OK)
    with (tmp_path / TRIALS_FILE).open("a") as file:
        file.write('{"number": 2, "overr')
    with Records(tmp_path) as records:
        assert records.read() == [OK]
        records.append(FAILED)
        assert records.read() == [OK, FAILED]


def test_a_directory_is_written_by_one_sweep_at_a_time(tmp_path: Path) -> None:
    with Records(tmp_path), pytest.raises(DirectoryInUseError, match=tmp_path.name):
        Records(tmp_path)
    Records(tmp_path).__exit__(None, None, None)


def test_the_table_has_a_row_per_trial_in_order_and_a_column_per_override() -> None:
    rows = list(csv.DictReader(io.StringIO(table_text([OK, FAILED]))))
    assert [row["number"] for row in rows] == ["0", "1"]
    assert rows[0]["error"] == 'dead, "really"'
    assert rows[0]["ttft_p50"] == ""
    assert rows[1]["backend.engine.max_num_seqs"] == "4"
    assert rows[1]["workload.concurrency"] == "8"
    assert rows[1]["ttft_mean"] == "0.400000"
    assert rows[1]["num_requests"] == "2"
    assert rows[1]["seconds_engine_start"] == "2.500"


def test_the_table_is_replaced_as_a_whole(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.write_table([OK, FAILED])
        records.write_table([replace(OK, number=5)])
    assert (tmp_path / TABLE_FILE).read_text() == table_text([replace(OK, number=5)])
    assert sorted(path.name for path in tmp_path.iterdir()) == [TABLE_FILE, TRIALS_FILE]


def test_a_kill_in_the_middle_of_writing_loses_at_most_the_line_being_written(
    tmp_path: Path,
) -> None:
    path = tmp_path / TRIALS_FILE
    with Records(tmp_path) as records:
        for result in (FAILED, OK, FAILED):
            records.append(result)
    content = path.read_bytes()
    for length in range(0, len(content) + 1, 11):
        path.write_bytes(content[:length])
        with Records(tmp_path) as records:
            assert records.read() == [FAILED, OK, FAILED][: content[:length].count(b"\n")]
