"""Single values: read from text, checked against type, choices and range."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamo.config.fields import FieldInfo
from dynamo.config.schema_index import schema_index
from dynamo.config.values import InvalidValueError, check_limits, check_type, parse_text

FIELDS = schema_index("vllm").fields


def field(path: str) -> FieldInfo:
    return FIELDS[path]


@pytest.mark.parametrize("word", ["true", "1", "yes", "on", "TRUE", "Yes", "oN", " true "])
def test_r14_true_words_in_any_case(word: str) -> None:
    assert parse_text(word, field("runtime.durable_kv_events")) is True


@pytest.mark.parametrize("word", ["false", "0", "no", "off", "FALSE", "No", "OFF", ""])
def test_r14_false_words_and_r16_empty_means_false(word: str) -> None:
    assert parse_text(word, field("runtime.durable_kv_events")) is False


@pytest.mark.parametrize(
    ("word", "meant"), [("tru", "true"), ("flase", "false"), ("maybe", ""), ("2", "")]
)
def test_r15_any_other_word_is_an_error_that_names_the_eight(word: str, meant: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse_text(word, field("runtime.durable_kv_events"))
    assert caught.value.allowed == "true, 1, yes, on, false, 0, no, off"
    assert caught.value.suggestion in (meant, "1", "0", "no", "on")


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("runtime.migration_limit", "3", 3),
        ("runtime.migration_limit", " 3 ", 3),
        ("runtime.grace_period_seconds", "2", 2.0),
        ("runtime.namespace", "blue", "blue"),
        ("runtime.endpoint_types", "chat, completions", ["chat", "completions"]),
        ("runtime.endpoint_types", "", []),
        ("store.etcd_endpoints", "http://a:1,http://b:2", ["http://a:1", "http://b:2"]),
        ("runtime.migration_limit", "", None),
    ],
)
def test_r9_text_becomes_the_type_of_the_parameter(path: str, text: str, value: object) -> None:
    assert parse_text(text, field(path)) == value


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("runtime.migration_limit", "abc"),
        ("runtime.migration_limit", "1.5"),
        ("runtime.grace_period_seconds", "soon"),
        ("frontend.port", "80 80"),
    ],
)
def test_r9_text_of_another_type_is_an_error(path: str, text: str) -> None:
    with pytest.raises(InvalidValueError):
        parse_text(text, field(path))


def test_a_setting_that_needs_a_value_refuses_null() -> None:
    with pytest.raises(InvalidValueError, match="cannot be null"):
        check_type(None, field("runtime.namespace"))
    assert check_type(None, field("runtime.tool_call_parser")) is None


def test_a_reference_to_another_value_is_not_checked_before_it_is_resolved() -> None:
    assert check_type("${oc.env:PORT}", field("frontend.port")) == "${oc.env:PORT}"


@pytest.mark.parametrize(
    ("path", "value", "allowed"),
    [
        ("runtime.migration_limit", -1, "0 or more"),
        ("frontend.port", 0, "1 to 65535"),
        ("frontend.port", 65536, "1 to 65535"),
        ("backend.kv_event_port", 1023, "1024 to 49151"),
        ("backend.kv_event_port", 49152, "1024 to 49151"),
    ],
)
def test_a_number_out_of_range_is_reported_with_the_range(
    path: str, value: int, allowed: str
) -> None:
    (problem,) = check_limits(value, field(path))
    assert (problem.path, problem.value, problem.allowed) == (path, value, allowed)


@pytest.mark.parametrize("value", [1024, 20080, 49151])
def test_r71_both_ends_of_the_registered_port_range_are_allowed(value: int) -> None:
    assert check_limits(value, field("backend.kv_event_port")) == []


def test_every_bad_item_of_a_list_is_reported() -> None:
    problems = check_limits(["chat", "imges", "compeltions"], field("runtime.endpoint_types"))
    assert [problem.value for problem in problems] == ["imges", "compeltions"]
    assert problems[1].suggestion == "runtime.endpoint_types=completions"


@given(path=st.sampled_from(sorted(FIELDS)), text=st.text(max_size=30))
def test_no_text_makes_reading_fail_in_another_way(path: str, text: str) -> None:
    try:
        value = parse_text(text, field(path))
    except InvalidValueError:
        return
    if value is not None:
        assert check_type(value, field(path)) == value
        assert isinstance(check_limits(value, field(path)), list)


@pytest.mark.parametrize(
    ("path", "value", "wrong"),
    [
        ("sampling.top_p", 0.0, "more than 0, up to 1"),
        ("sampling.top_p", 1.1, "more than 0, up to 1"),
        ("sampling.top_p", 0.01, ""),
        ("request_plane.tls_handshake_timeout_seconds", 0.0, "more than 0"),
        ("sampling.temperature", float("nan"), "0 to 2"),
        ("runtime.grace_period_seconds", float("inf"), "0 or more"),
    ],
)
def test_open_ends_and_numbers_that_are_none(path: str, value: float, wrong: str) -> None:
    assert [problem.allowed for problem in check_limits(value, field(path))] == (
        [wrong] if wrong else []
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [('{"a": {"b": [1, null]}}', {"a": {"b": [1, None]}}), ("", {}), (" {} ", {})],
)
def test_a_mapping_is_a_json_object_in_a_variable(text: str, value: object) -> None:
    assert parse_text(text, field("health.canary_payload")) == value


@pytest.mark.parametrize("text", ["[1]", "{", "7", "@/no/such/file", "[" * 100000, "@\0"])
def test_anything_else_is_no_mapping(text: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse_text(text, field("health.canary_payload"))
    assert "JSON object" in caught.value.allowed
