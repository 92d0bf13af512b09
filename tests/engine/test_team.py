"""What processes agree on, with the answers of the others made up."""

from types import SimpleNamespace

import pytest

from bczoo.engine import team
from bczoo.engine.team import PATIENCE, Team


@pytest.fixture
def two(monkeypatch):
    """The first of two processes; `two.others` is what the second says, `two.asked` with what the group was made."""
    said = SimpleNamespace(others=None, asked=None)

    def new_group(**settings):
        said.asked = settings
        return "group"

    def all_gather_object(told, mine, group):
        told[:] = [mine, said.others]

    monkeypatch.setattr(team.dist, "is_initialized", lambda: True)
    monkeypatch.setattr(team.dist, "get_rank", lambda: 0)
    monkeypatch.setattr(team.dist, "get_world_size", lambda: 2)
    monkeypatch.setattr(team.dist, "new_group", new_group)
    monkeypatch.setattr(team.dist, "all_gather_object", all_gather_object)
    return said


def test_processes_wait_for_each_other_as_long_as_a_rollout_takes(two):
    Team()
    assert two.asked == {"backend": "gloo", "timeout": PATIENCE}


def test_means_are_of_all_names_whoever_knows_them(two):
    two.others = {"kl": 3.0, "size": 4.0}
    assert Team().means({"kl": 1.0}) == {"kl": 2.0, "size": 2.0}


def test_one_process_is_a_team_too():
    alone = Team()
    assert alone.means({"kl": 1.0}) == {"kl": 1.0}
    assert alone.first(lambda: "mine") == "mine"
    assert alone.agree([True, False]) == [True, False]
