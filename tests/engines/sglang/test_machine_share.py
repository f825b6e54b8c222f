"""How many GPUs one SGLang worker takes follows from its parallel sizes."""

from typing import Any

import pytest

from dynamo.engines.sglang.machine_share import gpus


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        ({}, 1),
        ({"tp_size": 4}, 4),
        ({"tp_size": 2, "pp_size": 2}, 4),
        ({"tp_size": 2, "dp_size": 2}, 4),
        ({"tp_size": 8, "dp_size": 8, "enable_dp_attention": True}, 8),
        ({"tp_size": 16, "nnodes": 2}, 8),
    ],
)
def test_gpus_of_one_machine(arguments: dict[str, Any], number: int) -> None:
    assert gpus(arguments) == number
