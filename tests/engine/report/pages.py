"""Folders for reports to be made of, and reading what a page says."""

import json
from html.parser import HTMLParser

import av
import numpy as np
from evaluations import SPEC, evaluated

LOSSES = (0.9, 0.5, 0.3)


def trained(folder, successes, *, seed=0, losses=LOSSES, spec=None, success=None, **more):
    """A finished run: evaluated, with metrics and versions; `success` are the rates of rollouts during training."""
    evaluated(folder, successes, spec={"seed": seed, **(spec or {})}, **more)
    begin(folder, losses, success)
    return folder


def begin(folder, losses=LOSSES, success=None):
    """What a run has written that is under way: spec, metrics and versions."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "spec.toml").exists():
        evaluated(folder / "made", "1")
        (folder / "made" / "spec.toml").rename(folder / "spec.toml")
        (folder / "made" / "eval.json").unlink()
        (folder / "made").rmdir()
    rows = [
        {"epoch": i + 1, "train_loss": loss * 0.8, "val_loss": loss, "seconds": 6.0}
        | ({"success_rate": success[i]} if success else {})
        for i, loss in enumerate(losses)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    told = {"versions": {"torch": "2.9.0"}, "device": "cpu", "parameters": 1234}
    (folder / "versions.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


def swept(folder, runs, vary, levels):
    """A sweep: `runs` are {(cell, seed): successes}, `levels` {cell: {key: level}}; no successes: it waits."""
    seeds = sorted({seed for _, seed in runs})
    for (cell, seed), successes in runs.items():
        if successes:
            trained(folder / "runs" / f"{cell},seed={seed}", successes, seed=seed, spec=levels[cell])
    cells = [{"name": name, "spec_name": "base", "levels": some, "overrides": []} for name, some in levels.items()]
    plan = {
        "format": 1,
        "bczoo": "0.1.0",
        "design": "grid",
        "specs": [{"name": "base", "spec": SPEC}],
        "vary": [{"key": key, "levels": some} for key, some in vary.items()],
        "seeds": seeds,
        "cells": cells,
    }
    (folder / "sweep.json").write_text(json.dumps(plan), encoding="utf-8")
    return folder


def filmed(folder, name="rollouts.mp4", side=64, frames=8):
    """Put a film of noise, which is large for its size, into a folder."""
    rng = np.random.default_rng(0)
    with av.open(str(folder / name), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=20, options={"preset": "ultrafast"})
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        for _ in range(frames):
            picture = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return folder / name


class Read(HTMLParser):
    """A page's elements, as (tag, attributes), and its text without style and script."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.words, self.scripts, self._inside = [], [], [], ""
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = tag

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._inside = ""

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts.append(data)
        elif not self._inside:
            self.words.append(data)

    def all(self, tag):
        """The attributes of all elements of a kind."""
        return [attrs for name, attrs in self.elements if name == tag]

    @property
    def sections(self):
        return [attrs["id"] for attrs in self.all("section")]
