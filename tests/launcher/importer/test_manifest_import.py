"""A service of a DynamoGraphDeployment is read with its variables, in both versions of the API."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamo.launcher.importer.manifest import read_manifest
from dynamo.launcher.importer.source import SourceError

ALPHA = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: other}
---
apiVersion: nvidia.com/v1alpha1
kind: DynamoGraphDeployment
metadata:
  name: pair
spec:
  envs:
    - {name: DYN_LOG, value: debug}
  services:
    Frontend:
      componentType: frontend
      extraPodSpec:
        mainContainer: {image: "i"}
    Prefill:
      envFromSecret: hf-token-secret
      componentType: worker
      subComponentType: prefill
      dynamoNamespace: pair
      replicas: 2
      resources: {limits: {gpu: "1"}}
      envs:
        - {name: DYN_LOG, value: info}
        - name: HF_TOKEN
          valueFrom: {secretKeyRef: {name: s, key: k}}
      extraPodSpec:
        mainContainer:
          image: "i"
          command: [python3, -m, dynamo.vllm]
          args: [--model, m, --max-model-len, 4096, --namespace, $(DYN_NAMESPACE), --x, $(NO)]
    Decode:
      componentType: worker
      extraPodSpec:
        mainContainer:
          command: [/bin/sh, -c]
          args: ["exec python3 -m dynamo.vllm --model $MODEL --disaggregation-mode decode"]
          env: [{name: MODEL, value: m}]
"""

BETA = """\
apiVersion: nvidia.com/v1beta1
kind: DynamoGraphDeployment
metadata: {name: one}
spec:
  components:
  - name: Frontend
    type: frontend
  - name: Worker
    type: worker
    replicas: 1
    podTemplate:
      spec:
        volumes: []
        containers:
        - name: sidecar
          args: [x]
        - name: main
          resources: {limits: {nvidia.com/gpu: "1"}}
          command: [python3, -m, dynamo.sglang]
          args: [--model-path, m]
          env: [{name: A, value: "1"}]
"""


def test_words_and_variables_of_a_service() -> None:
    source = read_manifest(ALPHA, "Prefill")
    assert source.words[:4] == ("python3", "-m", "dynamo.vllm", "--model")
    assert source.words[5:] == ("--max-model-len", "4096", "--namespace", "pair", "--x", "$(NO)")
    assert source.environment == {"DYN_LOG": "info", "DYN_NAMESPACE": "pair"}


def test_what_the_cluster_decides_is_noted() -> None:
    source = read_manifest(ALPHA, "Prefill")
    assert [note.path for note in source.notes] == [
        "HF_TOKEN",
        "Prefill: envFromSecret, resources",
    ]


def test_image_and_replicas_are_settings() -> None:
    settings = {"kubernetes.replicas": 2, "kubernetes.image": "i"}
    assert read_manifest(ALPHA, "Prefill").settings == settings
    assert read_manifest(ALPHA, "Decode").settings == {}


def test_keys_of_pod_and_container_are_noted_too() -> None:
    (note,) = read_manifest(BETA).notes
    assert note.path == "Worker: resources, volumes"


def test_a_command_inside_a_shell_is_read() -> None:
    source = read_manifest(ALPHA, "Decode")
    assert source.words == (
        *("exec", "python3", "-m", "dynamo.vllm", "--model", "m"),
        *("--disaggregation-mode", "decode"),
    )


def test_the_newer_api_is_read() -> None:
    source = read_manifest(BETA)
    assert source.words == ("python3", "-m", "dynamo.sglang", "--model-path", "m")
    assert source.environment == {"A": "1"}


@pytest.mark.parametrize(
    ("text", "service", "message", "suggestion"),
    [
        (ALPHA, None, "has several workers: name one", ""),
        (ALPHA, "Prefil", "is not in the manifest", "--service Prefill"),
        ("kind: Deployment", None, "holds no DynamoGraphDeployment", ""),
        ("[", None, "is not YAML", ""),
        ("", None, "holds no DynamoGraphDeployment", ""),
        ("kind: DynamoGraphDeployment", None, "has no worker", ""),
    ],
)
def test_what_cannot_be_read_is_a_problem(
    text: str, service: str | None, message: str, suggestion: str
) -> None:
    with pytest.raises(SourceError) as raised:
        read_manifest(text, service)
    (problem,) = raised.value.problems
    assert message in problem.message
    assert problem.suggestion == suggestion


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["worker", "python -m dynamo.x"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(
        st.sampled_from(
            ["spec", "services", "components", "name", "componentType", "type", "envs", "command",
             "args", "extraPodSpec", "mainContainer", "podTemplate", "containers", "value"]
        ),
        inner,
        max_size=3,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(JUNK)
def test_any_manifest_is_read_or_refused(spec: object) -> None:
    import yaml

    text = yaml.safe_dump({"kind": "DynamoGraphDeployment", "spec": spec})
    try:
        assert read_manifest(text).words is not None
    except SourceError:
        return
