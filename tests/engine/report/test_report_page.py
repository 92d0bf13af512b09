"""The page as a document: whole, accessible, readable in both themes, and the same for anything that files may say."""

import json
import re
import shutil
from importlib.resources import files
from itertools import pairwise

import pytest
from evaluations import evaluated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pages import Read, begin, filmed, swept, trained

import bczoo
from bczoo.engine.report.curves import _limits
from bczoo.engine.report.plots import _spread
from bczoo.errors import BczooError

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": '"><img src=x onerror=alert(1)>',
    "formula": "$\\frac{",
    "template": "{{ 7 * 7 }}",
    "control": "\u202eevil\x1b[31m",
}
STYLE = (files("bczoo.engine.report") / "page" / "page.css").read_text(encoding="utf-8")
SCRIPT = (files("bczoo.engine.report") / "page" / "page.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page with every section."""
    place = tmp_path_factory.mktemp("page")
    levels = {"a": {"train.epochs": 3}, "b": {"train.epochs": 4}}
    sweep = swept(place / "sweep", {("a", 0): "1100", ("b", 0): "0110"}, {"train.epochs": [3, 4]}, levels)
    during = {"success_max": 1.0, "success_mean_last": 0.5, "last": 2, "rollouts": 3, "episodes": 9}
    run = trained(place / "mine", "1010", success=[0.1, 0.5, 0.6], told={"during_training": during})
    told = json.loads((run / "eval.json").read_text())
    (run / "eval.json").write_text(json.dumps(told | {"shifted": [{"shift": {"name": "x"}, "table": told["table"]}]}))
    filmed(run)
    bczoo.report([run, sweep, begin(place / "begun")], place / "report.html")
    return Read(place / "report.html")


def test_every_section_is_in_its_place_and_in_the_navigation(page):
    earlier = ["result", "leaderboard", "effects", "comparison", "starts", "curves", "films"]
    order = [*earlier, "specs", "shifts", "during", "again", "method"]
    assert page.sections == order
    assert [link["href"] for link in page.all("a")] == ["#result", *(f"#{name}" for name in order)]


def test_nothing_is_loaded_from_anywhere(page):
    loaded = [
        attrs[name] for _, attrs in page.elements for name in ("src", "srcset", "data", "poster") if name in attrs
    ]
    assert [place[:20] for place in loaded if not place.startswith("data:")] == []
    assert {link["href"] for link in page.all("link")} == {"data:,"}
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_the_page_may_run_its_own_script_and_no_other(page):
    (policy,) = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert policy.startswith("default-src 'none';")
    assert re.search(r"script-src 'sha256-[\w+/]+='", policy)
    assert page.scripts == [SCRIPT]


def test_headings_are_in_order_and_ids_are_unique(page):
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_what_is_referred_to_is_there(page):
    ids = {attrs["id"] for _, attrs in page.elements if "id" in attrs}
    referred = [
        name
        for _, attrs in page.elements
        for key in ("aria-labelledby", "aria-describedby", "for", "data-filters")
        for name in attrs.get(key, "").split()
    ]
    links = [
        attrs[key][1:] for _, attrs in page.elements for key in ("href", "xlink:href") if "#" in attrs.get(key, "")
    ]
    assert len(referred) > 20
    assert [name for name in (*referred, *links) if name not in ids] == []


def test_tables_have_captions_and_their_headers_a_scope(page):
    assert len(page.all("caption")) == len(page.all("table")) > 5
    assert {attrs.get("scope") for attrs in page.all("th")} == {"col", "row"}


def test_plots_have_a_text_alternative(page):
    plots = [attrs for attrs in page.all("svg") if "aria-hidden" not in attrs]
    assert plots
    assert all(plot["role"] == "img" and "aria-labelledby" in plot for plot in plots)
    assert "from 0.9 after epoch 1 to 0.3 after epoch 3, lowest 0.3 after epoch 3." in page.text


def luminance(colour):
    """Relative luminance of #rrggbb (WCAG 2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1, 2], ids=["light", "dark", "dark by the system"])
def test_text_and_lines_stand_out_from_what_is_behind_them(theme):
    block = re.findall(r"\{([^{}]*--ground[^{}]*)\}", STYLE)[theme]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
    texts = [(text, ground) for text in ("ink", "soft", "link", "lost", "won") for ground in ("ground", "raised")]
    for text, ground in [*texts, ("lost", "lost-ground"), ("won", "won-ground"), ("ground", "ink")]:
        assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for place in range(1, 6):
        assert contrast(colours[f"series-{place}"], colours["ground"]) >= 4.5, place  # names stand beside their lines


# ---- whatever files say


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_names_and_values_are_shown_as_text(tmp_path, text):
    folder = tmp_path / text.replace("/", "_")
    spec = {"name": text, "policy.head.use": text, "data.path": text}
    run = trained(folder, "1010", spec=spec, told={"success_rule": text, "policy": text})
    (run / "versions.json").write_text(json.dumps({text: text, "versions": {text: [text]}}))
    other = trained(tmp_path / "other", "1110", told={"success_rule": text})
    bczoo.report([run, other], tmp_path / "report.html")
    found = Read(tmp_path / "report.html")
    assert found.scripts == [SCRIPT]
    assert not found.all("img")
    assert not [attrs for _, attrs in found.elements if any(key.startswith("on") for key in attrs)]
    assert "49" not in found.text.partition("Result")[2].partition("Leaderboard")[0]
    assert not {"\x1b", "\u202e"} & set((tmp_path / "report.html").read_text(encoding="utf-8"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(st.text(max_size=40), st.dictionaries(st.text(max_size=20), st.integers() | st.text(max_size=20), max_size=3))
def test_any_text_in_any_place_leaves_the_page_in_its_form(tmp_path_factory, text, table):
    place = tmp_path_factory.mktemp("any")
    shape = []
    for words, values in (("plain", {"a": "b"}), (text, table)):
        run = evaluated(place / "run", "10", spec={"policy.head": {"use": words}}, told={"success_rule": words})
        (run / "versions.json").write_text(json.dumps({"device": words, "versions": {words: 1}}))
        told = json.loads((run / "eval.json").read_text())
        (run / "eval.json").write_text(json.dumps(told | {"policy": words, "spec": {"name": words, "x": values}}))
        bczoo.report(run, place / "report.html")
        found = Read(place / "report.html")
        shape.append([tag for tag, _ in found.elements])
        shutil.rmtree(run)
        (place / "report.html").unlink()
    assert shape[0] == shape[1]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("eval.json", '{"table": [', "cannot be read as an evaluation"),
        ("eval.json", "[]", "cannot be read as an evaluation"),
        ("eval.json", '{"episodes": 3}', "cannot be read as an evaluation"),
        ("eval.json", "{}", "cannot be read as an evaluation"),
        ("metrics.jsonl", "{\n", "cannot be read as metrics"),
        ("metrics.jsonl", "[1]\n", "cannot be read as metrics: every line is to be a table"),
        ("versions.json", "7", "cannot be read: expected a table, got 7"),
        ("versions.json", "\xff", "cannot be read"),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path, name, content, said):
    run = trained(tmp_path / "run", "1010")
    (run / name).write_bytes(content.encode("latin-1"))
    with pytest.raises(BczooError, match=f"run/{name}: {said}") as error:
        bczoo.report(run, tmp_path / "report.html")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"shifted": 3},
        {"shifted": [3]},
        {"shifted": [{"shift": "x", "table": []}]},
        {"shifted": [{"shift": {"name": "x"}, "table": [{"index": "one"}]}]},
        {"during_training": [1]},
        {"during_training": {"success_max": "high"}},
    ],
)
def test_so_is_an_evaluation_that_tells_of_shifts_or_training_otherwise(tmp_path, changes):
    run = evaluated(tmp_path / "run", "1010")
    told = json.loads((run / "eval.json").read_text())
    (run / "eval.json").write_text(json.dumps(told | changes))
    with pytest.raises(BczooError, match=r"run/eval.json: cannot be read as an evaluation: "):
        bczoo.report(run, tmp_path / "report.html")


def test_metrics_that_are_no_numbers_are_not_drawn(tmp_path):
    run = trained(tmp_path / "run", "1010")
    rows = [{"epoch": "one", "val_loss": 1}, {"epoch": 2, "val_loss": None}, {"epoch": 3, "val_loss": 10**400}, {}]
    (run / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    bczoo.report(run, tmp_path / "report.html")
    assert "curves" not in Read(tmp_path / "report.html").sections


def test_of_many_runs_with_losses_below_zero_each_has_room_in_its_plot():
    assert _limits([-2.0, -1.0], log=False) == (-2.05, -0.95)
    assert _limits([0.0, 0.0], log=False) == (-0.5, 0.5)
    low, high = _limits([0.1, 1.0], log=True)
    assert 0 < low < 0.1
    assert high > 1


def test_a_success_rate_is_told_with_its_highest_value(tmp_path):
    bczoo.report(trained(tmp_path / "run", "1010", success=[0.1, 0.7, 0.6]), tmp_path / "report.html")
    said = "run: from 0.1 after epoch 1 to 0.6 after epoch 3, highest 0.7 after epoch 2."
    assert said in Read(tmp_path / "report.html").text


def test_names_at_the_ends_of_lines_are_moved_apart_only_as_far_as_they_must():
    moved = _spread([10.0, 50.0, 10.0, 12.0], gap=10.0)
    assert moved[1] == pytest.approx(0)
    placed = [10 + moved[0], 10 + moved[2], 12 + moved[3]]
    assert placed == pytest.approx([32 / 3 - 10, 32 / 3, 32 / 3 + 10])


def test_losses_that_are_zero_or_below_are_drawn(tmp_path):
    bczoo.report(trained(tmp_path / "run", "1010", losses=[0.5, 0.0, -0.5]), tmp_path / "report.html")
    assert "lowest -0.5 after epoch 3" in Read(tmp_path / "report.html").text
