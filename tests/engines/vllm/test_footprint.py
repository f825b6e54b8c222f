"""What an engine leaves on the machine: where its files go."""

import tempfile

import pytest

from dynamo.engines.vllm.footprint import Footprint, socket_directory


@pytest.mark.parametrize(("length", "moved"), [(4, False), (47, False), (48, True), (90, True)])
def test_sockets_go_where_their_path_is_short_enough(
    monkeypatch: pytest.MonkeyPatch, length: int, moved: bool
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/" + "t" * (length - 1))
    assert (socket_directory() is not None) == moved


def test_the_directory_is_made_and_removed() -> None:
    footprint = Footprint()
    (footprint.directory / "socket").write_text("")
    assert footprint.directory.is_dir()
    footprint.remove()
    assert not footprint.directory.exists()
