"""Empty caches, and no network."""

import socket

import pytest
import torch
from huggingface_hub import constants


@pytest.fixture
def caches(tmp_path, monkeypatch):
    """Torch's and Hugging Face's caches of weights, empty; whoever asks for a host is told that there is none."""

    def nobody(*_, **__):
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    return tmp_path
