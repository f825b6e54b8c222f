"""When a worker is as large as before."""

from scripts.fuzz.health import IN_FLIGHT, Size, failures, growth

MIB = 2**20


def sizes(*resident: int) -> list[Size]:
    return [Size(20, each * MIB) for each in resident]


def test_what_grows_while_it_warms_up_and_then_stays_has_not_grown() -> None:
    assert growth(sizes(100, 140, 150, *[160] * 8, 161, 159, 160)).resident <= 0


def test_what_grows_all_the_time_has_grown() -> None:
    assert growth(sizes(*range(100, 220, 10))).resident == 40 * MIB


def test_a_single_high_moment_is_no_leak() -> None:
    assert growth(sizes(100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 190)).resident == 0


def test_too_few_looks_show_nothing() -> None:
    assert growth(sizes(*range(11))) == Size(0, 0)


def test_requests_in_flight_are_read_from_metrics_of_worker_and_engine() -> None:
    metrics = """\
# TYPE dynamo_component_inflight_requests gauge
dynamo_component_inflight_requests{a="b",dynamo_endpoint="generate",c="d"} 2
dynamo_component_inflight_requests{a="b",dynamo_endpoint="clear_kv_blocks"} 7
vllm:num_requests_running{model="a"} 1.0
vllm:num_requests_waiting{model="a"} 0.0
"""
    assert IN_FLIGHT.findall(metrics) == ["2", "1.0", "0.0"]


def test_a_log_tells_of_exceptions_that_nobody_foresaw_and_of_panics() -> None:
    begin = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    raise it\n'
    foreseen, other = f"{begin}dynamo._core.InvalidArgument: no\n", f"{begin}KeyError: 'a'\n"
    log = foreseen + other + f"{begin}(Core) x\nKeyError: 'a'\n"
    assert list(failures(log)) == ["KeyError: 'a'"]
    assert list(failures("thread 'x' panicked at src/a.rs:1:\nboom\n")) == [
        "panicked at src/a.rs:1:"
    ]
    assert failures("2026 INFO all is well\n") == {}
