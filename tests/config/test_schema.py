"""The schema is complete: documented, reachable, and its public names are pinned."""

from pathlib import Path

import pytest

from dynamo.config.fields import FieldInfo
from dynamo.config.schema import BACKENDS, Config
from dynamo.config.schema_index import schema_index

ROOT = Path(__file__).parents[2]
FIELDS = schema_index().fields
PUBLIC_KEYS = ROOT / "tests" / "data" / "public_keys.txt"


@pytest.mark.parametrize("field", FIELDS.values(), ids=list(FIELDS))
def test_every_setting_has_a_docstring(field: FieldInfo) -> None:
    assert len(field.doc) > 15, f"{field.owner.__name__}.{field.name} needs a docstring"
    assert field.doc.rstrip().endswith((".", ")"))


def test_public_keys_change_only_on_purpose() -> None:
    """Renaming a key breaks users' presets: change the golden file in the same commit."""
    lines = [
        f"{path}: {field.type_text}" + "".join(f" {name}" for name in field.setting.env)
        for path, field in sorted(FIELDS.items())
    ]
    assert "\n".join(lines) + "\n" == PUBLIC_KEYS.read_text()


def test_no_environment_variable_means_two_settings() -> None:
    names = [name for field in FIELDS.values() for name in field.setting.env]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("backend", sorted(BACKENDS))
def test_a_backend_has_its_own_settings_only(backend: str) -> None:
    own = [path for path in schema_index(backend).fields if path.startswith("backend.")]
    assert {path.split(".")[1] for path in own} == set(vars(BACKENDS[backend]()))


def test_a_setting_that_several_backends_have_is_of_one_type() -> None:
    every = [schema_index(backend).fields for backend in BACKENDS]
    for path, field in FIELDS.items():
        assert {fields[path].type for fields in every if path in fields} == {field.type}


def test_every_option_file_says_what_it_is_for() -> None:
    for file in (ROOT / "conf").rglob("*.yaml"):
        assert file.read_text().startswith("#"), file


def test_every_group_folder_is_a_section_or_known_collection() -> None:
    folders = {path.name for path in (ROOT / "conf").iterdir() if path.is_dir()}
    assert folders - set(vars(Config(backend=BACKENDS["vllm"]()))) <= {"deployment", "preset"}
