"""The doctor: everything is tried on its own, and what fails comes with what to do."""

from types import SimpleNamespace

import pytest

from bczoo.checks import Check
from bczoo.engine import doctor
from bczoo.errors import BczooError
from bczoo.hooks import hookimpl
from bczoo.registry import zoo


def broken():
    raise OSError("no such device")


def explained():
    raise BczooError("the gripper is unplugged; plug it in")


@pytest.fixture
def findings(monkeypatch):
    zoo.cache_clear()
    checks = (
        Check(what="works", run=lambda: "seen", fix="never shown"),
        Check(what="breaks", run=broken, fix="buy one", needed=True),
        Check(what="says", run=explained, fix="never shown"),
    )
    zoo().add(SimpleNamespace(bczoo_checks=hookimpl(lambda: checks)), "robot", "robot", "1.0")
    monkeypatch.setattr(doctor, "_plugins", lambda: ())
    yield {finding.what: finding for finding in doctor.examine()}
    zoo.cache_clear()


def test_a_plugins_check_that_works_is_shown(findings):
    assert (findings["works"].works, findings["works"].seen, findings["works"].fix) == (True, "seen", "")


def test_one_that_breaks_is_named_with_its_fix_and_harms_nothing_else(findings):
    finding = findings["breaks"]
    assert (finding.works, finding.seen, finding.fix) == (False, "OSError: no such device", "buy one")
    assert finding.needed
    assert findings["video (H.264)"].works


def test_an_error_that_explains_itself_is_shown_as_it_is(findings):
    assert (findings["says"].seen, findings["says"].fix) == ("the gripper is unplugged; plug it in", "")


def test_the_ray_renderer_works_without_any_gl(findings):
    assert findings["push, ray renderer"].works


def test_a_missing_gl_library_is_a_finding_with_a_way_out(monkeypatch):
    from bczoo.plugins.envs import push_checks

    monkeypatch.setattr(push_checks.sys, "executable", "/bin/false")
    with pytest.raises(BczooError, match='optional; renderer = "ray" needs no OpenGL'):
        push_checks._apart("egl")


def test_the_command_fails_when_something_needed_does(call_cli, monkeypatch):
    monkeypatch.setattr(doctor, "_own_checks", lambda: iter([Check(what="disk", run=broken, fix="", needed=True)]))
    monkeypatch.setattr(doctor, "_offered", lambda: [])
    result = call_cli("doctor")
    assert result.returncode == 1
    assert "the main job will not run here: disk" in result.stderr
