"""Heads and losses that do not go together are refused before anything is started."""

from types import SimpleNamespace

import pytest

from bczoo.card import component
from bczoo.engine.experiment import train
from bczoo.engine.pairs import check_pair
from bczoo.engine.parts import Head, Loss
from bczoo.errors import InputError
from bczoo.hooks import hookimpl
from bczoo.plugins.heads import Mlp
from bczoo.plugins.losses import Huber, Mse
from bczoo.registry import zoo


class Mixture(Head):
    predicts = "mixture"


class Likelihood(Loss):
    accepts = frozenset({"mixture"})


@component("head", "mixture", f"{__name__}:Mixture")
class MixtureOptions:
    """Predicts a mixture."""


@component("loss", "likelihood", f"{__name__}:Likelihood")
class LikelihoodOptions:
    """Scores mixtures."""


@component("loss", "gone", "bczoo_nowhere:Gone")
class Gone:
    """A loss whose library is missing."""


@pytest.fixture
def bigger_zoo():
    """The installed zoo, and losses of a plugin."""
    zoo.cache_clear()
    offer = hookimpl(lambda: (MixtureOptions, LikelihoodOptions, Gone))
    zoo().add(SimpleNamespace(bczoo_components=offer), "mixtures")
    yield
    zoo.cache_clear()


def test_pairs_that_fit_are_not_refused():
    check_pair(Mlp(), Mse())
    check_pair(MixtureOptions(), LikelihoodOptions())


def test_a_pair_that_does_not_fit_is_refused_naming_what_does(bigger_zoo):
    said = "head 'mixture' predicts 'mixture', and loss 'huber' scores only point; losses that fit: likelihood$"
    with pytest.raises(InputError, match=said):
        check_pair(MixtureOptions(), Huber())
    with pytest.raises(InputError, match="losses that fit: huber, l1, mse"):
        check_pair(Mlp(), LikelihoodOptions())


def test_where_nothing_fits_that_is_said():
    with pytest.raises(InputError, match="losses that fit: none is installed"):
        check_pair(MixtureOptions(), Huber())


def test_training_is_refused_before_demonstrations_are_looked_for(bigger_zoo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    overrides = ['policy.head={use="mixture"}']
    with pytest.raises(InputError, match="losses that fit: likelihood"):
        train("bc_cnn", overrides=overrides, show=False)
    assert list(tmp_path.iterdir()) == []


def test_check_refuses_it_too(bigger_zoo, call_cli):
    done = call_cli("check", "--spec", "bc_cnn", "--set", 'policy.head={use="mixture"}')
    assert done.returncode == 2
    assert "losses that fit: likelihood" in done.stderr
