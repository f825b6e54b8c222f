"""Roles chosen by the switches of earlier versions resolve to one option of the group role."""

import pytest

from dynamo.config.assignment import COMMAND_LINE
from dynamo.config.role_switches import MODES, SWITCHES, VARIABLES, RoleChoice, read_role_switches
from dynamo.config.roles import ROLES


def read(*overrides: str, **environ: str) -> RoleChoice:
    return read_role_switches(overrides, environ)


def role(choice: RoleChoice) -> str | None:
    return choice.chosen.value if choice.chosen else None


@pytest.mark.parametrize(("name", "expected"), SWITCHES.items())
@pytest.mark.parametrize("section", ["", "backend.", "runtime.", "+"])
def test_a_switch_on_the_command_line_chooses_its_role(
    section: str, name: str, expected: str
) -> None:
    choice = read(f"{section}{name}=true", "frontend=none")
    assert (role(choice), choice.overrides) == (expected, ("frontend=none",))
    (notice,) = choice.problems
    assert (notice.path, notice.suggestion, notice.fatal) == (name, f"role={expected}", False)


@pytest.mark.parametrize(("variable", "name"), VARIABLES.items())
def test_a_variable_chooses_its_role(variable: str, name: str) -> None:
    choice = read(**{variable: "decode" if name == "disaggregation_mode" else " Yes "})
    assert choice.chosen is not None
    assert choice.chosen.source == variable
    assert role(choice) == SWITCHES.get(name, "decode")
    (notice,) = choice.problems
    assert (notice.path, notice.fatal) == (variable, False)


@pytest.mark.parametrize(("word", "expected"), [*MODES.items(), ("Prefill", "prefill")])
def test_a_disaggregation_mode_chooses_its_role(word: str, expected: str) -> None:
    assert role(read(f"disaggregation_mode={word}")) == expected
    assert role(read(DYN_VLLM_DISAGGREGATION_MODE=word)) == expected


def test_every_switch_and_mode_means_a_role_that_exists() -> None:
    assert {*SWITCHES.values(), *MODES.values()} <= set(ROLES)


@pytest.mark.parametrize("word", ["false", "0", "no", "OFF", ""])
def test_r14_a_switch_that_is_off_chooses_nothing(word: str) -> None:
    choice = read(DYN_VLLM_IS_PREFILL_WORKER=word)
    assert (role(choice), choice.problems) == (None, ())


def test_a_switch_that_is_off_on_the_command_line_is_taken_out_and_said() -> None:
    choice = read("is_prefill_worker=false")
    assert (role(choice), choice.overrides) == (None, ())
    assert [notice.suggestion for notice in choice.problems] == ["role=aggregated"]


def test_r15_another_word_is_an_error_from_the_environment_too() -> None:
    (problem,) = read(DYN_VLLM_IS_DECODE_WORKER="ture").problems
    assert (problem.path, problem.fatal, problem.source) == (
        "DYN_VLLM_IS_DECODE_WORKER", True, "environment",
    )  # fmt: skip
    assert problem.suggestion == "DYN_VLLM_IS_DECODE_WORKER=true"
    (problem,) = read("multimodal_worker=maybe").problems
    assert (problem.path, problem.source) == ("multimodal_worker", COMMAND_LINE)


def test_a_misspelt_mode_gets_the_one_that_was_meant() -> None:
    (problem,) = read("disaggregation_mode=prefil").problems
    assert problem.suggestion == "disaggregation_mode=prefill"


@pytest.mark.parametrize(
    ("overrides", "environ"),
    [
        (("is_prefill_worker=true", "is_decode_worker=true"), {}),
        ((), {"DYN_VLLM_IS_PREFILL_WORKER": "1", "DYN_VLLM_IS_DECODE_WORKER": "on"}),
        (("is_prefill_worker=true",), {"DYN_VLLM_IS_DECODE_WORKER": "1"}),
        (("disaggregation_mode=decode", "is_prefill_worker=true"), {}),
    ],
)
def test_r81_r191_prefill_and_decode_exclude_each_other(
    overrides: tuple[str, ...], environ: dict[str, str]
) -> None:
    choice = read(*overrides, **environ)
    (problem,) = choice.problems
    assert (role(choice), problem.rule, problem.fatal) == (None, "R81", True)
    for written in (*overrides, *environ):
        assert written in problem.message


def test_r82_r191_several_multimodal_roles_are_refused_with_all_their_names() -> None:
    names = ["multimodal_processor", "ec_processor", "vllm_native_encoder_worker"]
    (problem,) = read(*(f"{name}=true" for name in names)).problems
    assert (problem.rule, problem.fatal) == ("R82", True)
    assert all(name in problem.message for name in names)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("is_prefill_worker", "multimodal_worker"), "multimodal_prefill_worker"),
        (("is_decode_worker", "multimodal_decode_worker"), "multimodal_decode_worker"),
        (
            ("multimodal_encode_prefill_worker", "is_prefill_worker"),
            "multimodal_encode_prefill_worker",
        ),
    ],
)
def test_r97_a_multimodal_role_has_a_prefill_or_decode_half(
    names: tuple[str, str], expected: str
) -> None:
    assert role(read(*(f"{name}=true" for name in names))) == expected


def test_r82_an_encoder_is_no_prefill_worker() -> None:
    (problem,) = read("is_prefill_worker=true", "multimodal_encode_worker=true").problems
    assert problem.rule == "R82"


def test_an_aggregated_mode_leaves_the_multimodal_role_alone() -> None:
    assert role(read("disaggregation_mode=agg", "multimodal_worker=true")) == "multimodal_worker"


def test_r12_a_false_on_the_command_line_beats_a_true_variable() -> None:
    assert role(read("is_prefill_worker=no", DYN_VLLM_IS_PREFILL_WORKER="1")) is None


def test_r1_a_role_on_the_command_line_beats_the_variables() -> None:
    choice = read("role=decode", DYN_VLLM_IS_PREFILL_WORKER="1")
    assert (choice.chosen, choice.overrides, choice.problems) == (None, ("role=decode",), ())


def test_r82_a_role_and_another_switch_on_one_command_line_contradict_each_other() -> None:
    (problem,) = read("role=decode", "is_prefill_worker=true").problems
    assert (problem.rule, problem.fatal) == ("R82", True)
    assert role(read("role=prefill", "is_prefill_worker=true")) == "prefill"
