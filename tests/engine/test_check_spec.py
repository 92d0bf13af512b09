"""bczoo.check: what cannot be trained is not called sound."""

import attrs
import pytest
from specs import toy_spec

import bczoo
from bczoo.errors import InputError, SpecError


def cached(freeze):
    backbone = {"use": "timm", "model": "test_resnet", "weights": "none", "freeze": freeze}
    return toy_spec("demos", policy={"backbone": backbone}, data={"cache_features": True})


def test_it_takes_a_recipe_with_overrides_and_says_what_would_be_built(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small, large = (bczoo.check("bc_cnn", overrides=[f"policy.head.hidden=[{width}]"]) for width in (8, 64))
    assert small.parameters < large.parameters
    assert list(tmp_path.iterdir()) == []


def test_a_spec_takes_no_overrides(toy_zoo):
    with pytest.raises(InputError, match=r"\['seed=1'\] are for spec files; a Spec is changed with attrs\.evolve"):
        bczoo.check(toy_spec("demos"), overrides=["seed=1"])
    assert bczoo.check(toy_spec("demos"), overrides=[]).parameters > 0


def test_features_of_a_backbone_that_learns_cannot_be_cached(toy_zoo):
    assert bczoo.check(cached(freeze=True)).frozen > 0
    with pytest.raises(SpecError, match=r"does not learn; set policy\.backbone\.freeze = true$"):
        bczoo.check(cached(freeze=False))


def test_a_backbone_that_always_learns_is_not_told_to_freeze(toy_zoo):
    with pytest.raises(SpecError, match=r"'cnn' always learns, so take data\.cache_features out of the spec"):
        bczoo.check(toy_spec("demos", data={"cache_features": True}))


def test_cached_features_leave_nothing_to_augment(toy_zoo):
    spec = cached(freeze=True)
    with pytest.raises(ValueError, match="cache_features = true leaves nothing to augment"):
        attrs.evolve(spec.data, augment=(object(),))
    with pytest.raises(SpecError, match=r"data: cache_features = true leaves nothing to augment"):
        bczoo.check("bc_cnn", overrides=["data.cache_features=true", "data.augment=[{use='shift'}]"])
