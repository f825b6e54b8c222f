"""R20: the native runtime is given the text of certificates for etcd, for a moment."""

import os
from pathlib import Path

import pytest

from dynamo.worker.etcd_files import etcd_files_as_text

TEXT = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"


def test_r20_file_names_become_texts_and_names_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(TEXT)
    monkeypatch.setenv("ETCD_AUTH_CA", str(file))
    monkeypatch.setenv("ETCD_AUTH_CLIENT_CERT", TEXT)
    monkeypatch.delenv("ETCD_AUTH_CLIENT_KEY", raising=False)
    with etcd_files_as_text():
        assert os.environ["ETCD_AUTH_CA"] == os.environ["ETCD_AUTH_CLIENT_CERT"] == TEXT
        assert "ETCD_AUTH_CLIENT_KEY" not in os.environ
    assert os.environ["ETCD_AUTH_CA"] == str(file)


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETCD_AUTH_CA", "/no/such.pem")
    with pytest.raises(OSError, match=r"/no/such\.pem"), etcd_files_as_text():
        pass
