"""The configuration machinery of the reference documents, rule by rule (R2 to R16, R22, R37)."""

import itertools
import operator
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from dynamo.config.fields import FieldInfo, leaves
from dynamo.config.schema import Config, VllmBackend
from tests.config.conftest import Compose

ROOT = Path(__file__).parents[2]
OPTIONAL = [
    field for field in leaves(Config) if field.optional and not field.path.startswith("backend.")
]


def test_r2_an_engines_variable_yields_to_the_command_line_and_beats_the_engines_default(
    compose: Compose,
) -> None:
    variable, key = "VLLM_CPU_KVCACHE_SPACE", "backend.environment.VLLM_CPU_KVCACHE_SPACE"
    assert key not in compose().values
    assert compose(**{variable: "4"}).values[key] == "4"
    assert compose(f"{key}=8", **{variable: "4"}).values[key] == "8"


def test_r2_an_engine_argument_that_nobody_gave_is_left_to_the_engine(compose: Compose) -> None:
    assert compose().values["backend.engine"] == {}
    assert compose("backend.engine.max_num_seqs=4").values["backend.engine.max_num_seqs"] == 4


@pytest.mark.parametrize(
    ("variable", "text", "key", "value", "override"),
    [
        ("DYN_STORE_KV", "file", "store.kind", "file", "store=etcd"),
        ("DYN_REQUEST_PLANE", "nats", "request_plane.kind", "nats", "request_plane=tcp"),
        ("DYN_EVENT_PLANE", "nats", "event_plane.kind", "nats", "event_plane=zmq"),
        (
            "DYN_LOCAL_INDEXER", "false", "runtime.enable_local_indexer", False,
            "runtime.enable_local_indexer=true",
        ),
    ],
)  # fmt: skip
def test_r3_a_variable_of_dynamo_is_the_default_of_its_parameter(
    compose: Compose, variable: str, text: str, key: str, value: object, override: str
) -> None:
    assert compose(**{variable: text}).values[key] == value
    assert compose(override, **{variable: text}).values[key] != value


def test_r5_declaring_parameters_touches_nothing_that_runs() -> None:
    script = (
        "import os, threading; before = dict(os.environ), threading.active_count(), os.getcwd();"
        "import dynamo.config.schema, dynamo.config.rules;"
        "after = dict(os.environ), threading.active_count(), os.getcwd();"
        "print(before == after)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_r6_the_order_of_what_is_given_changes_nothing(compose: Compose) -> None:
    given = ["runtime.namespace=blue", "store=file", "backend.engine.max_num_seqs=4"]
    composed = [compose(*order).values for order in itertools.permutations(given)]
    assert all(values == composed[0] for values in composed)


@pytest.mark.parametrize("field", OPTIONAL, ids=[field.path for field in OPTIONAL])
def test_r7_an_optional_field_that_nobody_gave_can_be_read(field: FieldInfo) -> None:
    declared = next(one for one in fields(field.owner) if one.name == field.name)
    assert declared.default is not MISSING
    assert operator.attrgetter(field.path)(Config()) == declared.default


def test_r8_runtime_and_backend_form_one_configuration(compose: Compose) -> None:
    config = compose("runtime.namespace=blue", "backend=vllm").config
    assert isinstance(config, Config)
    assert isinstance(config.backend, VllmBackend)
    assert config.runtime.namespace == "blue"


@pytest.mark.parametrize("word", ["", " true ", "\ttrue", "TRUE ", " off"])
def test_r16_blanks_around_a_boolean_do_not_matter_and_an_empty_one_is_false(
    compose: Compose, word: str
) -> None:
    composition = compose(DYN_DURABLE_KV_EVENTS=word)
    assert composition.values["runtime.durable_kv_events"] is ("true" in word.lower())
    assert not composition.problems


@pytest.mark.parametrize("plane", ["tcp", "nats", "http"])
def test_r22_a_request_plane_of_the_documents_can_be_chosen(compose: Compose, plane: str) -> None:
    composition = compose(f"request_plane={plane}")
    assert composition.values["request_plane.kind"] == plane
    assert not composition.problems


def test_r22_any_other_request_plane_names_the_known_ones(compose: Compose) -> None:
    (problem,) = compose("request_plane=udp").problems
    assert problem.fatal
    assert all(plane in problem.allowed for plane in ("tcp", "nats", "http"))


@pytest.mark.parametrize(("limit", "fatal"), [(0, False), (3, False), (-1, True)])
def test_r37_a_request_may_move_to_another_worker_zero_or_more_times(
    compose: Compose, limit: int, fatal: bool
) -> None:
    composition = compose(f"runtime.migration_limit={limit}")
    assert composition.fatal is fatal
