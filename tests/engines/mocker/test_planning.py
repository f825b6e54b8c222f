"""What the simulated engine takes over from the model that it stands for."""

from typing import Any

import pytest

from dynamo.config.machine import Machine
from dynamo.config.model_facts.facts import ModelFacts
from dynamo.config.schema import Config, MockerBackend, ModelConfig
from dynamo.engines.mocker.planning import engine_plan

FACTS = ModelFacts("llama", 2, 8, 16, 2, 2, vocab_size=49152)


@pytest.mark.parametrize(
    ("models", "given", "expected"),
    [
        ({"/models/a": FACTS}, {}, 49152),
        ({"/models/a": FACTS}, {"vocab_size": 100}, 100),
        ({"/models/b": FACTS}, {}, None),
    ],
)
def test_its_vocabulary_is_the_models_so_that_prompts_of_the_tokenizer_fit(
    models: dict[str, ModelFacts], given: dict[str, Any], expected: int | None
) -> None:
    config = Config(backend=MockerBackend(engine=given), model=ModelConfig("/models/a"))
    plan, _notes = engine_plan(config, Machine(models=models))
    assert plan.arguments.get("vocab_size") == expected
