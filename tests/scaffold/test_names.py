"""From the name that is typed to those that pip, Python and specs need."""

import pytest

from bczoo.errors import InputError
from bczoo.scaffold.names import Names, names_of


@pytest.mark.parametrize("typed", ["bczoo-two-eyes", "two-eyes", "Two_Eyes", "bczoo.two--eyes", "BCZOO_two_eyes"])
def test_every_spelling_gives_the_same_names(typed):
    assert names_of(typed) == Names(dist="bczoo-two-eyes", module="bczoo_two_eyes", part="two_eyes", cls="TwoEyes")


def test_only_the_first_word_is_taken_for_the_prefix():
    assert names_of("my-bczoo").part == "my_bczoo"
    assert names_of("bczoology").dist == "bczoo-bczoology"


@pytest.mark.parametrize("typed", ["", "-", "fourier-", ".fourier", "fou rier", "fou/rier", "../x", "fürier", "a\nb"])
def test_what_pip_would_not_take_is_refused(typed):
    with pytest.raises(InputError, match=r"cannot be the name of a package: use letters, digits, and - between them"):
        names_of(typed)


def test_a_name_too_long_for_files_and_lines_is_refused():
    assert names_of("a" * 60).part == "a" * 60
    with pytest.raises(InputError, match="has 300 characters; choose a name of at most 60"):
        names_of("a" * 300)


def test_the_prefix_alone_is_no_name():
    with pytest.raises(InputError, match="'bczoo' is the zoo itself; add a name for the part"):
        names_of("bczoo")


@pytest.mark.parametrize(("typed", "cls"), [("3d", "3d"), ("bczoo-none", "None"), ("true", "True")])
def test_what_python_would_not_take_is_refused(typed, cls):
    with pytest.raises(InputError, match=f"would make a class called '{cls}', which Python does not allow"):
        names_of(typed)


@pytest.mark.parametrize("typed", ["class", "import", "tensor", "any", "inf"])
def test_words_that_mean_something_elsewhere_are_names_like_others(typed):
    assert names_of(typed).part == typed
