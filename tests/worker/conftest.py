"""A worker with the mock engine and a tiny tokenizer: the real runtime, started in a second."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.processes import MODEL, WORDS, StartWorker, Worker, launch, wait_until_ready

CHAT_TEMPLATE = "{% for message in messages %}{{ message.content }} {% endfor %}"


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model directory with a tokenizer of a hundred words and no weights."""
    directory = tmp_path_factory.mktemp("models") / MODEL
    directory.mkdir()
    vocabulary = {word: number for number, word in enumerate(WORDS)}
    special = [
        {"id": number, "content": WORDS[number], "special": True, "single_word": False,
         "lstrip": False, "rstrip": False, "normalized": False}
        for number in range(3)
    ]  # fmt: skip
    tokenizer = {
        "version": "1.0",
        "added_tokens": special,
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": "<unk>"},
    }
    config = {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "vocab_size": len(WORDS),
        "max_position_embeddings": 256,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "chat_template": CHAT_TEMPLATE,
    }
    (directory / "tokenizer.json").write_text(json.dumps(tokenizer))
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    (directory / "config.json").write_text(json.dumps(config))
    return directory


@pytest.fixture
def start_worker(tiny_model: Path, tmp_path: Path) -> Iterator[StartWorker]:
    """Start workers that end with the test."""
    started: list[Worker] = []

    def start(*overrides: str, ready: bool = True, **engine: object) -> Worker:
        log = tmp_path / f"worker-{len(started)}.log"
        worker = launch(tiny_model, log, *overrides, **engine)
        started.append(worker)
        if ready:
            wait_until_ready(worker)
        return worker

    yield start
    for worker in started:
        worker.process.kill()
        worker.process.wait()


@pytest.fixture(scope="module")
def worker(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """Return one worker for all tests of a module that leave it as it was."""
    running = launch(tiny_model, tmp_path_factory.mktemp("worker") / "worker.log")
    try:
        wait_until_ready(running)
        yield running
        assert running.stop() == 0
    finally:
        running.process.kill()
        running.process.wait()
