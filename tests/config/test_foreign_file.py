"""Files that were written for an engine are read as they are, or refused with the reason."""

from pathlib import Path

import pytest

from dynamo.config.foreign_file import Entry, ForeignFileError, read_entries


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "options.yaml"


def test_entries_have_their_lines(file: Path) -> None:
    file.write_text("# head\na: 1\n\nb:\n  c: [x, y]\n")
    assert read_entries(str(file)) == [Entry("a", 1, 2), Entry("b", {"c": ["x", "y"]}, 4)]


def test_a_section_is_read_alone(file: Path) -> None:
    file.write_text("one: {a: 1}\ntwo:\n  b: 2\n")
    assert read_entries(str(file), "two") == [Entry("b", 2, 3)]


def test_what_is_merged_in_counts_and_gives_way_to_own_entries(file: Path) -> None:
    file.write_text("base: &base\n  a: 1\n  b: 2\nown:\n  <<: *base\n  b: 3\n")
    found = {entry.key: entry.value for entry in read_entries(str(file), "own")}
    assert found == {"a": 1, "b": 3}


def test_the_last_of_equal_keys_counts(file: Path) -> None:
    file.write_text("a: 1\na: 2\n")
    assert read_entries(str(file)) == [Entry("a", 2, 2)]


def test_a_home_directory_is_expanded(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("a: 1\n")
    monkeypatch.setenv("HOME", str(file.parent))
    assert read_entries("~/options.yaml") == [Entry("a", 1, 1)]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_file_has_no_entries(file: Path, text: str) -> None:
    file.write_text(text)
    assert read_entries(str(file)) == []


@pytest.mark.parametrize(
    ("text", "section", "says"),
    [
        ("- a\n", None, "must hold a mapping, but the file is a list"),
        ("a\n", None, "must hold a mapping, but the file is a single value"),
        ("a: 1\n", "a", "must hold a mapping, but the section a is a single value"),
        ("a: 1\n", "b", "has no key b; it has a"),
        ("a:\n", "a", "must hold a mapping, but the section a is a single value"),
        ("a: [\n", None, "is not YAML"),
        ("[" * 1100, None, "is not YAML"),
        ("a: 2024-99-99\n", None, "is not plain YAML"),
        ("a: 1\n---\nb: 2\n", None, "is not YAML"),
        ("a: &x [*x]\n", None, "is not plain YAML"),
        ("a: {<<: 1}\n", "a", "is not plain YAML"),
        ("a: !!python/object:os.system {}\n", None, "is not plain YAML"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(
    file: Path, text: str, section: str | None, says: str
) -> None:
    file.write_text(text)
    with pytest.raises(ForeignFileError, match=f"^{says}"):
        read_entries(str(file), section)


def test_bytes_that_are_no_text_are_refused(file: Path) -> None:
    file.write_bytes(b"a: \xff\xfe\n")
    with pytest.raises(ForeignFileError, match="not UTF-8 text"):
        read_entries(str(file))


def test_a_file_that_is_not_there_is_refused(file: Path) -> None:
    with pytest.raises(ForeignFileError, match="No such file"):
        read_entries(str(file))
