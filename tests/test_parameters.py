"""Every parameter of the reference documents can be set: today's way, by each earlier spelling,
and by each of its environment variables."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dynamo.config.compose import Composition, compose_config
from scripts.docs.conformance import Parameter, parameters

CONF = Path(__file__).parents[1] / "conf"
pytestmark = pytest.mark.slow
ABSENT = object()


@dataclass(frozen=True)
class Spelling:
    """One way to set one parameter: an override, or a variable."""

    parameter: Parameter
    override: str = ""
    variable: str = ""

    @property
    def name(self) -> str:
        written = self.override or self.variable
        return f"{self.parameter.group}: {self.parameter.name} by {written}"

    @property
    def slots(self) -> set[str]:
        """What two spellings of one composition must not share."""
        key = self.parameter.key
        return {key.split(".")[0] if key.startswith(("role", "connector")) else key, self.variable}


def spellings() -> Iterator[Spelling]:
    for parameter in parameters():
        for override in filter(None, (parameter.set, *parameter.earlier)):
            yield Spelling(parameter, override=override)
        for variable in parameter.environment:
            yield Spelling(parameter, variable=variable)


@functools.cache
def batches() -> tuple[tuple[Spelling, ...], ...]:
    """Put spellings together that do not meet, since composing takes a quarter of a second."""
    found: list[list[Spelling]] = []
    for spelling in spellings():
        for batch in found:
            taken = {slot for other in batch for slot in other.slots if slot}
            alike = batch[0].parameter.context == spelling.parameter.context
            if alike and not spelling.slots & taken:
                batch.append(spelling)
                break
        else:
            found.append([spelling])
    return tuple(map(tuple, found))


def composed(batch: tuple[Spelling, ...], folder: Path) -> Composition:
    """Compose all spellings of a batch at once; secrets are read from the real environment."""
    overrides = [*batch[0].parameter.context, *(one.override for one in batch if one.override)]
    environment = {
        one.variable: one.parameter.environment[one.variable] for one in batch if one.variable
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for parameter in (one.parameter for one in batch if one.parameter.file):
            Path("engine.yaml").write_text(parameter.file)
        for name, text in environment.items():
            patch.setenv(name, text)
        return compose_config(overrides, environment, CONF)


@pytest.fixture(scope="module")
def compositions(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Composition]:
    """Return the composition in which each spelling took part."""
    folder = tmp_path_factory.mktemp("spellings")
    found = {}
    for batch in batches():
        composition = composed(batch, folder)
        found.update(dict.fromkeys((id(one) for one in batch), composition))
    return found


def leaf(values: Any, key: str) -> Any:
    """Return the value at a key, also where the key leads into a mapping."""
    for path, value in values.items():
        if path == key:
            return value
        if key.startswith(f"{path}.") and isinstance(value, dict):
            return leaf(value, key.removeprefix(f"{path}."))
    return ABSENT


ALL = [one for batch in batches() for one in batch]


@pytest.mark.parametrize("spelling", ALL, ids=[one.name for one in ALL])
def test_a_parameter_is_set_in_each_of_its_spellings(
    spelling: Spelling, compositions: dict[int, Composition]
) -> None:
    composition = compositions[id(spelling)]
    assert [problem for problem in composition.problems if problem.fatal] == []
    assert leaf(composition.values, spelling.parameter.key) == spelling.parameter.value


def test_every_parameter_takes_part() -> None:
    named = {(one.group, one.name) for one in parameters() if one.set}
    assert {(one.parameter.group, one.parameter.name) for one in ALL} == named
    assert len(named) > 100


@pytest.mark.parametrize("parameter", parameters(), ids=lambda one: f"{one.group}: {one.name}")
def test_a_parameter_is_a_setting_or_names_the_rules_it_follows_from(parameter: Parameter) -> None:
    assert bool(parameter.key and parameter.set) != bool(parameter.rules and parameter.derived)
