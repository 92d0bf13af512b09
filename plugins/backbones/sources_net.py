"""Where published weights are: cached by torch or by Hugging Face, or a download that keeps nobody waiting."""

import hashlib
import logging
import re
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlparse

import attrs
import torch

from bczoo.files import atomic_path

SECONDS = 5.0  # without an answer for this long, there is no network
log = logging.getLogger("bczoo")


class Source(Protocol):
    """Published weights: their `name`, the `folder` they are cached in, and how to `bring` them there by hand."""

    @property
    def name(self) -> str: ...
    @property
    def folder(self) -> Path: ...
    @property
    def bring(self) -> str: ...

    def find(self) -> Path | None:
        """The cached file, if it is there; touches no network."""

    def download(self) -> Path:
        """Fetch the file into the cache; raises OSError and others when it cannot be had."""


@attrs.frozen
class HubFile:
    """A file of torch's hub cache, named by the URL it comes from."""

    url: str

    @property
    def name(self) -> str:
        """The file's own name."""
        return Path(urlparse(self.url).path).name

    @property
    def folder(self) -> Path:
        """Where torch.hub keeps checkpoints; TORCH_HOME moves it."""
        return Path(torch.hub.get_dir()) / "checkpoints"

    @property
    def bring(self) -> str:
        """How to bring it here by hand."""
        return f"download {self.url} on another machine and put it into {self.folder}"

    def find(self) -> Path | None:
        path = self.folder / self.name
        return path if path.is_file() else None

    def download(self) -> Path:
        knock(self.url)
        path = self.folder / self.name
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        log.info(f"downloading {self.url} to {path}")
        with urllib.request.urlopen(self.url, timeout=SECONDS) as answer, atomic_path(path) as temporary:
            with temporary.open("wb") as file:
                for block in _blocks(answer):
                    digest.update(block)
                    file.write(block)
            # Published files carry the start of their checksum in their name.
            named = re.search(r"-([0-9a-f]{8,})\.", self.name)
            if named and not digest.hexdigest().startswith(named[1]):
                raise ValueError(f"what came from {self.url} does not have the checksum in its name")
        return path


@attrs.frozen
class HuggingFaceFile:
    """A file of a repository on the Hugging Face hub, in that library's own cache."""

    repo: str
    file: str = "model.safetensors"

    @property
    def name(self) -> str:
        """Repository and file."""
        return f"{self.repo}/{self.file}"

    @property
    def folder(self) -> Path:
        """Where huggingface_hub keeps what it has downloaded; HF_HOME moves it."""
        from huggingface_hub import constants

        return Path(constants.HF_HUB_CACHE)

    @property
    def bring(self) -> str:
        """How to bring it here by hand."""
        return (
            f"run `hf download {self.repo} {self.file}` on another machine and copy its cached folder "
            f"models--{self.repo.replace('/', '--')} into {self.folder}"
        )

    def find(self) -> Path | None:
        from huggingface_hub import try_to_load_from_cache

        path = try_to_load_from_cache(self.repo, self.file, cache_dir=self.folder)
        return Path(path) if isinstance(path, str) else None

    def download(self) -> Path:
        from huggingface_hub import constants, hf_hub_download, hf_hub_url

        if constants.HF_HUB_OFFLINE:
            raise OSError("HF_HUB_OFFLINE is set")
        knock(hf_hub_url(self.repo, self.file))
        log.info(f"downloading {self.name} to {self.folder}")
        return Path(hf_hub_download(self.repo, self.file, cache_dir=self.folder, etag_timeout=SECONDS))


def _blocks(answer: Any) -> Iterator[bytes]:
    try:
        while block := answer.read(1 << 20):
            yield block
    except OSError as error:  # one that atomic_path would take for a full disk
        raise RuntimeError(f"the download broke off: {error}") from error


def knock(url: str) -> None:
    """Raise OSError unless `url` answers within SECONDS.

    A thread, because looking up a host's name without a network can block longer than any timeout.
    """
    failures: list[Exception] = [TimeoutError(f"no answer within {SECONDS:g} s")]

    def ask() -> None:
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=SECONDS).close()
            failures.clear()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(SECONDS)
    if failures:
        raise failures[-1]
