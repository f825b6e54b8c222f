"""What is resolved here equals what the published parsers of ai-dynamo resolve, or says why not.

The parsers' answers are recorded (`python -m scripts.reference`), so no second engine is needed.
"""

import functools

import pytest

from scripts.reference.cases import Case, cases
from scripts.reference.compare import Difference, attributes, differences
from scripts.reference.fields import FIELDS
from scripts.reference.recording import ENGINE, Recording, recordings, releases
from scripts.reference.tables import deliberate, idle, not_compared, unexplained

RECORDINGS = pytest.mark.parametrize(
    "recording", recordings(), ids=[f"{one.release}-{one.backend}" for one in recordings()]
)


def asked_of(recording: Recording) -> list[Case]:
    return [case for case in cases() if case.backend == recording.backend]


@functools.cache
def found(release: str, backend: str) -> tuple[Difference, ...]:
    (recording,) = [one for one in recordings() if (one.release, one.backend) == (release, backend)]
    return tuple(
        difference for case in asked_of(recording) for difference in differences(recording, case)
    )


@pytest.mark.slow
@RECORDINGS
def test_every_value_is_the_published_parsers_or_a_deliberate_difference(
    recording: Recording,
) -> None:
    assert unexplained(found(recording.release, recording.backend)) == []


@pytest.mark.slow
def test_every_deliberate_difference_still_differs() -> None:
    everything = [one for item in recordings() for one in found(item.release, item.backend)]
    assert idle(everything, list(releases())) == []


@RECORDINGS
def test_the_recordings_answer_the_cases_as_they_are_asked_today(recording: Recording) -> None:
    asked = {case.name: {k: v for k, v in case.asked.items() if v} for case in asked_of(recording)}
    assert {name: answer.asked for name, answer in recording.answers.items()} == asked, (
        "run: python -m scripts.reference FOLDER"
    )


def test_both_releases_answer_at_least_sixty_cases() -> None:
    assert list(releases()) == ["1.0.2", "1.6.1"]
    assert len(cases()) >= 60
    assert {case.backend for case in cases()} == {"vllm", "sglang", "trtllm"}


@RECORDINGS
def test_every_attribute_of_the_parsers_is_compared_or_says_why_not(recording: Recording) -> None:
    compared = {*FIELDS[recording.backend], *(f"engine.{one}" for one in ENGINE[recording.backend])}
    for name in set(attributes(recording.defaults)) - compared:
        assert sum(entry.covers(name) for entry in not_compared()) == 1, name


def test_what_is_not_compared_exists() -> None:
    left_over = {
        name
        for one in recordings()
        for name in set(attributes(one.defaults)) - {*FIELDS[one.backend]}
    }
    for entry in not_compared():
        for pattern in entry.names:
            assert any(pattern.rstrip("*") in name for name in left_over), pattern


def test_every_recording_says_which_versions_and_stand_ins_took_part() -> None:
    for recording in recordings():
        assert recording.versions["ai-dynamo"] == recording.release
        assert recording.versions["ai-dynamo-runtime"] == recording.release
        assert all(reason for reason in recording.stand_ins.values())


def test_every_table_gives_reasons() -> None:
    reasons = [*(one.reason for one in deliberate()), *(one.reason for one in not_compared())]
    assert all(reason.endswith(".") for reason in reasons)
