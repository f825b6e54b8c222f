"""The generated pages say what the code says, in both languages, and editors can check presets."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from dynamo.config.fields import leaves
from dynamo.config.schema import BACKENDS, Config
from scripts.docs import __main__ as docs
from scripts.docs import conformance, evidence, json_schema, translations
from scripts.docs.markdown import index_text, page_text, words
from scripts.docs.model import default_text, english, options, pages, unwrapped

ROOT = Path(__file__).parents[1]
REPAIR = "run: make docs"
SCHEMA = json_schema.schema()
PRESETS = sorted((ROOT / "conf" / "preset").glob("*.yaml"))
GROUPS = sorted(folder.name for folder in (ROOT / "conf").iterdir() if folder.is_dir())


@pytest.mark.slow
def test_every_generated_file_is_the_one_that_is_committed() -> None:
    assert docs.drift(docs.generated()) == [], REPAIR


@pytest.mark.slow
def test_the_check_ends_with_status_0_when_nothing_changed() -> None:
    assert docs.main(["--check"]) == 0


@pytest.mark.slow
def test_a_file_that_is_changed_missing_or_no_longer_generated_is_drift() -> None:
    files = docs.generated()
    one, other = ROOT / "docs/reference/store.md", ROOT / "docs/reference/role.md"
    changed = {**files, one: files[one] + "more"}
    assert docs.drift(changed) == ["docs/reference/store.md"]
    fewer = {path: text for path, text in files.items() if path != other}
    assert docs.drift(fewer) == ["docs/reference/role.md"]
    more = {**files, ROOT / "docs/reference/new.md": "new"}
    assert docs.drift(more) == ["docs/reference/new.md"]


def test_every_text_has_a_translation_of_its_present_english() -> None:
    texts, known = translations.english_texts(), translations.load()
    assert translations.differences(texts, known) == []
    chinese = re.compile(r"[\u4e00-\u9fff]")
    untranslated = [key for key, entry in known.items() if not chinese.search(entry["zh"])]
    names = {"page backend-vllm"}
    assert set(untranslated) <= names


def test_a_changed_english_text_asks_for_its_translation() -> None:
    texts = {"a": "One.", "b": "Two.", "c": "Three."}
    known = {
        "a": {"of": translations.digest("One."), "zh": "一"},
        "b": {"of": translations.digest("Zwei."), "zh": "二"},
        "d": {"of": translations.digest("Four."), "zh": "四"},
    }
    assert translations.differences(texts, known) == [
        "no translation: c",
        "the English text changed: b",
        "nothing has this key any more: d",
    ]


def test_a_translation_keeps_the_names_and_numbers_of_its_english() -> None:
    known = translations.load()
    for key, text in translations.english_texts().items():
        for pattern in (r"`[^`]+`", r"\bR\d+", r"\d+"):
            there = set(re.findall(pattern, known[key]["zh"]))
            assert set(re.findall(pattern, text)) <= there, key


def every_path() -> set[str]:
    paths = {field.path for field in leaves(Config)}
    for owner in BACKENDS.values():
        paths |= {field.path for field in leaves(owner, "backend.")}
    return paths


def test_every_setting_stands_on_a_page() -> None:
    shown = {field.path for page in pages() for field in page.fields}
    assert every_path() <= shown


@pytest.mark.parametrize("language", ["en", "zh"])
def test_r11_the_reference_names_the_variables_and_the_default_of_each_setting(
    language: str,
) -> None:
    known = {key: entry["zh"] for key, entry in translations.load().items()}
    for page in pages():
        text = page_text(page, words(language), english(page) if language == "en" else known)
        for field in page.fields:
            part = text.split(f"## {field.path}\n")[1].split("\n## ")[0]
            assert all(f"`{name}`" in part for name in field.setting.env), field.path
            assert f"`{default_text(field)}`".replace("|", "\\|") in part, field.path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_index_leads_to_every_page_and_every_link_leads_somewhere(language: str) -> None:
    folder = ROOT / "docs" / ("reference" if language == "en" else "reference.zh")
    texts = {f"page {page.name}": page.text for page in pages()}
    index = index_text(pages(), words(language), texts)
    assert all(f"({page.name}.md)" in index for page in pages())
    for file in folder.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", file.read_text("utf-8")):
            assert (folder / target).exists(), f"{file.name}: {target}"


def test_every_option_of_every_group_is_listed_with_its_meaning() -> None:
    listed = {option.override: option.text for page in pages() for option in page.options}
    groups = {group: list((ROOT / "conf" / group).rglob("*.yaml")) for group in GROUPS}
    several = {group: files for group, files in groups.items() if len(files) > 1}
    assert len(listed) == sum(map(len, several.values()))
    assert all(text.endswith(".") for text in listed.values())


def test_a_comment_of_several_lines_is_one_text() -> None:
    texts = {option.override: option.text for option in options("preset")}
    assert texts["preset=vllm_durable_kv_events"].endswith("started elsewhere.")


def test_wrapped_lines_are_joined_and_lists_kept() -> None:
    assert unwrapped("One\ntwo.\n\n- a\n  b\n- c") == "One two.\n- a b\n- c"


def preset_problems(preset: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [error.message for error in validator.iter_errors(preset)]


@pytest.mark.parametrize("file", PRESETS, ids=lambda file: file.stem)
def test_an_editor_accepts_every_preset(file: Path) -> None:
    assert preset_problems(yaml.safe_load(file.read_text())) == []


@pytest.mark.parametrize(
    "preset",
    [
        {"runtime": {"namespce": "blue"}},
        {"runtim": {}},
        {"runtime": {"migration_limit": "three"}},
        {"runtime": {"migration_limit": -1}},
        {"request_plane": {"kind": "udp"}},
        {"runtime": {"endpoint_types": ["chats"]}},
        {"connector": {"chain": {"nixl": {"kv_role": "kv_none"}}}},
        {"request_plane": {"tls_handshake_timeout_seconds": 0}},
        {"backend": {"kv_event_prt": 1}},
    ],
)
def test_an_editor_marks_what_composing_would_refuse(preset: dict[str, Any]) -> None:
    assert preset_problems(preset)


@pytest.mark.parametrize(
    "preset",
    [
        {"runtime": {"namespace": "${oc.env:USER}"}},
        {"runtime": {"migration_limit": "${oc.env:LIMIT}"}},
        {"backend": {"engine": {"anything": [1]}, "kv_event_port": 21000}},
        {"backend": {"use_sglang_tokenizer": True}},
        {"store": {"path": None}},
    ],
)
def test_an_editor_accepts_references_engine_arguments_and_every_engines_settings(
    preset: dict[str, Any],
) -> None:
    assert preset_problems(preset) == []


def option_files() -> Iterator[Path]:
    for group in GROUPS:
        if group in SCHEMA["$defs"]:
            yield from (ROOT / "conf" / group).rglob("*.yaml")


@pytest.mark.parametrize(
    "file", sorted(option_files()), ids=lambda file: f"{file.parent.name}-{file.stem}"
)
def test_an_editor_accepts_every_option_of_a_group(file: Path) -> None:
    text = file.read_text()
    part = SCHEMA if "@package _global_" in text else SCHEMA["$defs"][file.parent.name]
    validator = jsonschema.Draft202012Validator({**part, "$defs": SCHEMA["$defs"]})
    assert list(validator.iter_errors(yaml.safe_load(text))) == []


def test_the_schema_is_valid_itself_and_describes_every_setting() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    text = json.dumps(SCHEMA)
    for path in every_path():
        assert f'"{path.rsplit(".", maxsplit=1)[-1]}": {{' in text


def test_the_rules_are_r1_to_r195_each_of_a_known_kind() -> None:
    assert [rule.number for rule in conformance.rules()] == list(range(1, 196))
    assert {rule.kind for rule in conformance.rules()} == set(conformance.KINDS)


def test_every_configuration_rule_has_a_test() -> None:
    assert conformance.untested() == []


def test_a_rule_is_planned_with_something_or_has_a_test() -> None:
    for rule in conformance.rules():
        if rule.status == "planned":
            assert rule.topic, f"R{rule.number}"


def test_every_deviation_and_every_remark_is_a_sentence_with_a_test() -> None:
    said = [(rule, text) for rule in conformance.rules() for text in (rule.deviation, rule.remark)]
    said = [(rule, text) for rule, text in said if text]
    assert len(said) > 10
    assert [rule.number for rule, _ in said if not rule.tests] == []
    assert all(text.endswith(".") for _, text in said)


def test_a_deviation_says_what_it_is_where_the_rule_is_kept() -> None:
    """Who reads the code learns it there, not only on the page."""
    for rule in conformance.rules():
        assert not (rule.deviation and rule.remark), f"R{rule.number}"
        if rule.deviation:
            assert rule.functions, f"R{rule.number}: no function names it first in its docstring"


@pytest.mark.slow
def test_the_page_counts_what_it_shows() -> None:
    page = conformance.page()
    shown = [line for line in page.splitlines() if line.startswith("| R")]
    assert len(shown) == len(conformance.rules())
    assert sum("| configuration | works" in line for line in shown) == sum(
        (rule.kind, rule.status) == ("configuration", "works") for rule in conformance.rules()
    )
    assert "untested" not in page


def test_evidence_is_read_from_names_and_docstrings(tmp_path: Path) -> None:
    (tmp_path / "dynamo").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "dynamo" / "rules.py").write_text(
        'def one():\n    """R7: seven."""\n\ndef two():\n    """R2, R4 to R6: some."""\n\n'
        'def none():\n    """Explains R9."""\n'
    )
    (tmp_path / "tests" / "test_rules.py").write_text(
        "async def test_r7_seven():\n    pass\n\nclass TestMore:\n"
        "    def test_r2_r4_more(self):\n        pass\n\ndef test_parser_r9():\n    pass\n"
    )
    kept = {one.name: one.rules for one in evidence.functions(tmp_path)}
    assert kept == {"one": (7,), "two": (2, 4, 5, 6)}
    named = {one.name: one.rules for one in evidence.tests(tmp_path)}
    assert named == {"test_r7_seven": (7,), "test_r2_r4_more": (2, 4)}


def test_a_parameter_of_the_documents_that_is_no_setting_follows_from_rules_that_exist() -> None:
    numbers = {f"R{rule.number}" for rule in conformance.rules()}
    for parameter in conformance.parameters():
        assert set(parameter.rules) <= numbers, parameter.name
