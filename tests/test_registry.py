"""Discovery: who is found, who is refused and why, and that nobody's mistake is anybody else's problem."""

import pytest

from bczoo import BczooError, InputError, api, component, field, registry
from bczoo.card import build, card_of
from bczoo.registry import zoo

PIXELS = '''
    from bczoo import component, field, hookimpl

    @component("backbone", "pixels", "bczoo_pixels:Net")
    class Pixels:
        """Raw pixels."""

        columns: int = field(default=3, help="columns kept")

    @hookimpl
    def bczoo_components():
        return (Pixels,)
'''

# Every broken plugin also offers a faultless part, which must not be filed either.
FINE = '''
from bczoo import component, hookimpl

@component("head", "fine", "bczoo_bad:Fine")
class Fine:
    """Faultless."""

@hookimpl
def bczoo_components():
    return (Fine, *more())

def more():
    return ()
'''

BROKEN = {
    "missing import": ("import not_there", "ModuleNotFoundError: No module named 'not_there'"),
    "syntax": ("def", "SyntaxError: invalid syntax"),
    "error on import": ("1 / 0", "ZeroDivisionError: division by zero"),
    "exit on import": ("raise SystemExit('goodbye')", "SystemExit: goodbye"),
    "error when asked": ("def more(): raise OSError('disk gone')", "OSError: disk gone"),
    "not a card": (
        "def more(): return (int,)",
        "<class 'int'> is not the options of a part; declare it with @component",
    ),
    "unknown kind": ("component('hed', 'x', 'x:y')", "component 'x': no kind 'hed'; kinds are backbone, temporal,"),
    "misspelt hook": ("@hookimpl\ndef bczoo_fit_strat(run): ...", "unknown hook 'bczoo_fit_strat'"),
    "unknown argument": ("@hookimpl\ndef bczoo_fit_start(run, nothing): ...", "{'nothing'}"),
    "name is taken": (
        "def more(): return (component('head', 'mlp', 'x:y')(type('Mine', (), {})),)",
        "head 'mlp' is already offered by 'heads' (bczoo ",
    ),
    "a command that is taken": (
        "import bczoo\n@hookimpl\ndef bczoo_commands(): return [bczoo.Command('train', 'Mine.', 'x:y')]",
        "there is a command 'train' already",
    ),
    "not a command": ("@hookimpl\ndef bczoo_commands(): return ['x']", "'x' is not a bczoo.Command"),
    "hook wrapper": (
        "@hookimpl(wrapper=True)\ndef bczoo_step_end(): return (yield)",
        "bczoo_step_end is a hook wrapper, which bczoo has none of; answer the hook itself",
    ),
    "two claims of its own": ("def more(): return (Fine,)", "head 'fine' is already offered by 'bczoo_bad'"),
}


def names():
    return {(card.kind, card.name) for card in zoo()}


def test_an_installed_plugin_is_found_with_its_distribution_and_version(install):
    install("bczoo_pixels", PIXELS)
    card = zoo().get("backbone", "pixels")
    assert (card.plugin, card.origin, card.summary) == ("bczoo_pixels", "bczoo-pixels 1.2", "Raw pixels.")
    assert not zoo().broken


def test_own_parts_carry_their_distribution_too():
    assert zoo().get("head", "mlp").origin.startswith("bczoo ")


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_is_named_with_its_reason_and_files_nothing(install, source, reason):
    before = names()
    install("bczoo_bad", FINE + source)
    (broken,) = zoo().broken
    assert (broken.plugin, broken.origin) == ("bczoo_bad", "bczoo-bad 1.2")
    assert reason in broken.reason
    assert "\n" not in broken.reason
    assert names() == before
    assert not zoo().manager.has_plugin("bczoo_bad")


@pytest.mark.parametrize(
    ("api", "reason"),
    [
        (
            None,
            'it does not say which plugin API it is written for; its author adds BCZOO_API = "1.0" beside its cards',
        ),
        ("2.0", "it is written for plugin API 2.0, and this bczoo has 1.0; update bczoo"),
        ("1.1", "it is written for plugin API 1.1, and this bczoo has 1.0; update bczoo"),
        ("0.9", "it is written for plugin API 0.9, and bczoo now has 1.0; update the plugin"),
        (1.0, 'BCZOO_API = 1.0 is no API version; one is written like "1.0"'),
        ("1.0.0", "BCZOO_API = '1.0.0' is no API version; one is written like \"1.0\""),
    ],
)
def test_a_plugin_of_another_api_is_refused_with_a_sentence(install, api, reason):
    install("bczoo_pixels", PIXELS, api=api)
    (broken,) = zoo().broken
    assert (broken.plugin, broken.origin, broken.reason) == ("bczoo_pixels", "bczoo-pixels 1.2", reason)
    assert ("backbone", "pixels") not in names()


def test_a_plugin_of_an_earlier_minor_version_is_welcome(install, monkeypatch):
    monkeypatch.setattr(api, "API_VERSION", "1.3")
    install("bczoo_pixels", PIXELS, api="1.2")
    assert zoo().get("backbone", "pixels")


@pytest.mark.parametrize("name", ["bczoo_pixels", "Bczoo.Pixels", "other, bczoo-pixels"])
def test_a_blocked_plugin_is_not_even_imported_and_said_to_be_left_out(install, monkeypatch, name):
    monkeypatch.setenv("BCZOO_BLOCK", name)
    install("bczoo_pixels", "raise SystemExit('imported')")
    plugin = next(broken for broken in zoo().broken if broken.plugin == "bczoo_pixels")
    assert (plugin.origin, plugin.reason, plugin.blocked) == ("bczoo-pixels 1.2", "left out by BCZOO_BLOCK", True)
    with pytest.raises(InputError, match=r"note: plugin 'bczoo_pixels' \(bczoo-pixels 1.2\) did not load: left out by"):
        zoo().get("backbone", "pixels")


def test_blocking_what_is_not_there_is_said(install, monkeypatch):
    monkeypatch.setenv("BCZOO_BLOCK", "no-such")
    install("bczoo_pixels", PIXELS)
    assert [(b.plugin, b.reason) for b in zoo().broken] == [
        ("no-such", "no installed plugin or distribution is called that")
    ]
    assert zoo().get("backbone", "pixels")


def test_a_plugin_that_is_slow_to_import_is_named_with_its_time(install, call_cli, monkeypatch):
    monkeypatch.setattr(registry, "SLOW", 0.05)
    install("bczoo_pixels", "import time; time.sleep(0.06)" + PIXELS.replace("\n    ", "\n"))
    assert [(slow.plugin, slow.origin) for slow in zoo().slow] == [("bczoo_pixels", "bczoo-pixels 1.2")]
    assert (
        "slow plugin   from              import took\nbczoo_pixels  bczoo-pixels 1.2  0.1 s" in call_cli("list").stdout
    )


def test_timings_show_every_plugin_the_slowest_first(install, call_cli):
    install("bczoo_pixels", "import time; time.sleep(0.2)" + PIXELS.replace("\n    ", "\n"))
    lines = [line.split() for line in call_cli("list", "--timings").stdout.splitlines()]
    assert lines[0] == ["ms", "plugin", "from"]
    assert lines[1][1:] == ["bczoo_pixels", "bczoo-pixels", "1.2"]
    assert float(lines[1][0]) >= 200
    assert "envs" in {line[1] for line in lines[1:]}


def test_a_plugin_may_not_take_the_name_of_another(install):
    before = names()
    install("bczoo_bad", FINE, plugin="envs")
    (broken,) = zoo().broken
    assert (broken.plugin, broken.origin) == ("envs", "bczoo-bad 1.2")
    assert broken.reason == "a plugin called 'envs' is already there"
    assert names() == before


def test_a_module_named_by_two_entry_points_is_filed_once(install):
    install("bczoo_pixels", PIXELS)
    install("bczoo_again", "import sys, bczoo_pixels; sys.modules[__name__] = bczoo_pixels")
    assert [(b.plugin, b.reason) for b in zoo().broken] == [("bczoo_pixels", "it is already there as 'bczoo_again'")]
    assert zoo().get("backbone", "pixels").plugin == "bczoo_again"


def test_a_broken_plugin_does_not_stop_the_ones_after_it(install):
    install("bczoo_bad", "1 / 0")
    install("bczoo_pixels", PIXELS)
    assert zoo().get("backbone", "pixels")
    assert [broken.plugin for broken in zoo().broken] == ["bczoo_bad"]


def test_own_distribution_comes_first_wherever_it_is_on_the_path(install):
    install("bczoo_bad", FINE + BROKEN["name is taken"][0], dist="aaa")
    assert zoo().get("head", "mlp").plugin == "heads"
    assert zoo().broken[0].origin == "aaa 1.2"


def test_of_two_strangers_the_later_claimant_is_refused(install):
    install("bczoo_pixels", PIXELS)
    install("bczoo_thief", PIXELS)
    assert zoo().get("backbone", "pixels").plugin == "bczoo_pixels"
    (broken,) = zoo().broken
    assert broken.plugin == "bczoo_thief"
    assert "already offered by 'bczoo_pixels' (bczoo-pixels 1.2)" in broken.reason


def test_a_distribution_without_metadata_is_listed_as_unknown(install, tmp_path):
    install("bczoo_pixels", PIXELS)
    (tmp_path / "site/bczoo_pixels-1.2.dist-info/METADATA").write_text("", encoding="utf-8")
    assert zoo().get("backbone", "pixels").origin == "unknown"


def test_an_unknown_name_is_reported_with_the_nearest():
    with pytest.raises(InputError, match=r"^no head called 'mpl'; did you mean 'mlp'\?$"):
        zoo().get("head", "mpl")


def test_an_unknown_name_is_the_error_and_a_broken_plugin_only_a_note(install):
    install("bczoo_bad", "import not_there")
    with pytest.raises(InputError) as error:
        zoo().get("head", "mpl")
    assert str(error.value) == (
        "no head called 'mpl'; did you mean 'mlp'?; note: plugin 'bczoo_bad' (bczoo-bad 1.2) did not load: "
        "ModuleNotFoundError: No module named 'not_there'"
    )


def test_a_known_name_is_found_without_a_word_about_broken_plugins(install):
    install("bczoo_bad", "1 / 0")
    assert zoo().get("head", "mlp").name == "mlp"


def test_list_shows_strangers_and_broken_plugins_with_their_origin(install, run_cli):
    install("bczoo_pixels", PIXELS)
    install("bczoo_bad", "1 / 0")
    done = run_cli("list")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["backbone", "pixels", "bczoo-pixels", "1.2", "Raw", "pixels."] in lines
    assert ["bczoo_bad", "bczoo-bad", "1.2", "ZeroDivisionError:", "division", "by", "zero"] in lines
    assert (done.returncode, done.stderr) == (0, "")


def test_a_strangers_part_is_chosen_like_any_other(install, run_cli):
    install("bczoo_pixels", PIXELS)
    done = run_cli("show", "backbone", "pixels")
    assert "bczoo-pixels 1.2" in done.stdout
    assert "columns kept" in done.stdout


def test_a_missing_implementation_is_said_with_part_origin_and_place(install):
    install("bczoo_pixels", PIXELS)
    card = zoo().get("backbone", "pixels")
    with pytest.raises(
        BczooError, match=r"backbone 'pixels' \(bczoo-pixels 1.2\) cannot be loaded from bczoo_pixels:Net"
    ):
        card.load()
    with pytest.raises(BczooError, match=r"backbone 'pixels' .* cannot be loaded from bczoo_pixels:Net"):
        build(card.options())


def test_building_something_that_is_no_part_is_refused():
    with pytest.raises(BczooError, match="3 is not the options of a part; declare it with @component"):
        build(3)


def test_building_calls_the_implementation_with_the_options():
    @component("head", "counted", "collections:Counter")
    class Counted:
        """Counts."""

        def __iter__(self):
            return iter("aab")

    assert build(Counted()) == {"a": 2, "b": 1}
    assert card_of(Counted).name == "counted"


def test_an_option_cannot_be_called_use():
    with pytest.raises(BczooError, match="an option cannot be called 'use'"):

        @component("head", "taken", "x:y")
        class Taken:
            """Would take the key that chooses parts."""

            use: str = field(default="", help="taken")
