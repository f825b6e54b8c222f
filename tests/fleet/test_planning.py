"""Every process of a fleet gets ports and GPUs of its own, or the fleet is refused."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamo.fleet.plan import MemberNeeds, PortNeed
from dynamo.fleet.planning import plan_members, visible_gpus

NIXL = PortNeed("backend.nixl_side_channel_port", 5600)
EVENTS = PortNeed("backend.kv_event_port", 20080, 2)


def test_names_count_within_a_role_and_the_first_keeps_the_configured_ports() -> None:
    needs = {"prefill": MemberNeeds(("role=prefill",), (NIXL, EVENTS))}
    members, problems = plan_members(needs, {"prefill": 2}, [])
    assert problems == []
    assert [member.name for member in members] == ["prefill-0", "prefill-1"]
    assert [member.overrides for member in members] == [
        ("role=prefill",),
        ("role=prefill", "backend.nixl_side_channel_port=5601", "backend.kv_event_port=20082"),
    ]
    assert members[1].ports == {NIXL.setting: 5601, EVENTS.setting: 20082}


def test_roles_share_the_ports_of_the_machine() -> None:
    needs = {role: MemberNeeds((), (NIXL,)) for role in ("prefill", "decode")}
    members, _ = plan_members(needs, {"prefill": 1, "decode": 2}, [])
    assert [member.ports[NIXL.setting] for member in members] == [5600, 5601, 5602]


@given(
    st.lists(
        st.tuples(st.integers(1000, 1020), st.integers(1, 5), st.integers(0, 4)),
        min_size=1,
        max_size=4,
    )
)
def test_no_two_processes_listen_on_one_port(roles: list[tuple[int, int, int]]) -> None:
    needs = {
        str(number): MemberNeeds((), (PortNeed("a", first, count),))
        for number, (first, count, _) in enumerate(roles)
    }
    replicas = {str(number): each for number, (_, _, each) in enumerate(roles)}
    members, _ = plan_members(needs, replicas, [])
    spans = [
        set(range(member.ports["a"], member.ports["a"] + needs[member.role].ports[0].count))
        for member in members
    ]
    assert not any(one & other for one, other in itertools.combinations(spans, 2))
    assert all(member.ports["a"] >= needs[member.role].ports[0].first for member in members)


def test_ports_end() -> None:
    needs = {"decode": MemberNeeds((), (PortNeed("backend.kv_event_port", 65535),))}
    _, (problem,) = plan_members(needs, {"decode": 2}, [])
    assert (problem.path, problem.value) == ("backend.kv_event_port", 65536)


def test_gpus_are_dealt_out_by_what_each_process_needs() -> None:
    needs = {"prefill": MemberNeeds((), gpus=1), "decode": MemberNeeds((), gpus=2)}
    members, problems = plan_members(needs, {"prefill": 2, "decode": 1}, ["4", "5", "6", "7"])
    assert problems == []
    assert [member.environment for member in members] == [
        {"CUDA_VISIBLE_DEVICES": "4"},
        {"CUDA_VISIBLE_DEVICES": "5"},
        {"CUDA_VISIBLE_DEVICES": "6,7"},
    ]


def test_too_few_gpus_are_said_once_with_the_sum() -> None:
    needs = {"frontend": MemberNeeds(()), "decode": MemberNeeds((), gpus=4)}
    _, (problem,) = plan_members(needs, {"frontend": 1, "decode": 2}, ["0", "1"])
    assert problem.message.startswith("needs 8 GPUs")
    assert "2 decode with 4 each" in problem.message
    assert problem.message.endswith("and 2 are visible")


def test_a_process_without_gpus_sees_what_the_fleet_sees() -> None:
    (member,), _ = plan_members({"frontend": MemberNeeds(())}, {"frontend": 1}, ["0"])
    assert member.environment == {}


@pytest.mark.parametrize(
    ("environ", "present", "expected"),
    [
        ({}, 2, ["0", "1"]),
        ({"CUDA_VISIBLE_DEVICES": "3, 1"}, 4, ["3", "1"]),
        ({"CUDA_VISIBLE_DEVICES": "GPU-aa,GPU-bb"}, 2, ["GPU-aa", "GPU-bb"]),
        ({"CUDA_VISIBLE_DEVICES": ""}, 0, []),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, 0, []),
    ],
)
def test_gpus_are_those_that_the_environment_shows(
    environ: dict[str, str], present: int, expected: list[str]
) -> None:
    assert visible_gpus(environ, present) == expected
