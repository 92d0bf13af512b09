"""Films fit into the page, those of the runs that fail most first, and what does not fit is said."""

import base64

import av
import numpy as np
import pytest
from pages import filmed, trained

from bczoo.engine.report.sources import read_source
from bczoo.engine.report.videos import gather_films


def source(folder, successes="1010"):
    return read_source(trained(folder, successes), folder.name)


def size(film):
    return len(base64.b64decode(film.uri.partition(",")[2]))


def test_a_film_that_fits_is_taken_as_it_is(tmp_path):
    run = source(tmp_path / "run")
    path = filmed(run.folder)
    found = gather_films([run])
    assert base64.b64decode(found.shown[0].uri.partition(",")[2]) == path.read_bytes()
    assert found.notes == []


def test_one_that_does_not_is_made_smaller_and_that_is_said(tmp_path):
    run = source(tmp_path / "run")
    whole = filmed(run.folder, side=128, frames=10).stat().st_size
    found = gather_films([run], whole // 2)
    assert 0 < size(found.shown[0]) <= whole // 2
    assert found.shown[0].whole == run.folder / "rollouts.mp4"
    assert found.notes == [f"rollouts.mp4 of run is shown smaller than it is; see {run.folder / 'rollouts.mp4'}."]


def test_one_that_cannot_be_made_small_enough_is_left_out_and_that_is_said(tmp_path):
    run = source(tmp_path / "run")
    filmed(run.folder)
    found = gather_films([run], 100)
    assert found.shown == []
    assert found.notes[0].startswith("rollouts.mp4 of run is not shown: it is too large for this page; see ")


def test_all_films_together_stay_within_the_budget_and_small_ones_leave_their_room_to_others(tmp_path):
    runs = [source(tmp_path / f"run{i}", "1" * i + "0" * (4 - i)) for i in range(4)]
    sizes = [filmed(run.folder, frames=4 if i < 2 else 12).stat().st_size for i, run in enumerate(runs)]
    assert gather_films(runs, sum(sizes)).notes == []
    tight = gather_films(runs, sum(sizes) // 2)
    assert sum(map(size, tight.shown)) <= sum(sizes) // 2
    assert [film.title for film in tight.shown] == [f"run{i}: {4 - i} of 4 starts fail" for i in range(4)]


def test_the_films_of_shifts_are_shown_with_their_shift(tmp_path):
    run = source(tmp_path / "run")
    filmed(run.folder, "rollouts-lighting=2.mp4")
    assert [film.title for film in gather_films([run]).shown] == ["run, under lighting=2"]


def test_of_very_many_films_those_of_most_failures_are_shown(tmp_path, monkeypatch):
    runs = [source(tmp_path / f"run{i}", "1" * i + "0" * (5 - i)) for i in range(5)]
    sizes = [filmed(run.folder).stat().st_size for run in runs]
    monkeypatch.setattr("bczoo.engine.report.videos._LARGE", 2)
    found = gather_films(runs, 2 * max(sizes))
    assert [film.title[:4] for film in found.shown] == ["run0", "run1"]
    assert found.notes == ["Films of runs with fewer failures are not shown: 3."]
    assert len(gather_films(runs, sum(sizes)).shown) == 5  # small ones are not counted


def test_a_file_of_sound_alone_is_no_film(tmp_path):
    run = source(tmp_path / "run")
    with av.open(str(run.folder / "rollouts.mp4"), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100)
        for place in range(8):
            silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            silence.sample_rate, silence.pts = 44100, 1024 * place
            container.mux(stream.encode(silence))
    found = gather_films([run], 100)
    assert found.notes[0].startswith("rollouts.mp4 of run is not shown: it cannot be read as a film (IndexError)")


@pytest.mark.parametrize("content", [b"", b"<script>", b"\0\0\0\x18ftypmp42 and nothing more" * 9])
def test_what_is_no_film_is_left_out_and_that_is_said(tmp_path, content):
    run = source(tmp_path / "run")
    (run.folder / "rollouts.mp4").write_bytes(content)
    found = gather_films([run], 100)
    assert found.shown == []
    assert "rollouts.mp4 of run is not shown: it cannot be read as a film" in found.notes[0]
