"""Tables on the command line: columns, and what becomes of them where a terminal is narrow."""

import sys

import click
import pytest

from bczoo.cli.table import print_table

HEADER = ("name", "a figure", "why")
ROWS = [("one", "1", "because"), ("two", "22", "it is so")]


@pytest.fixture
def width(monkeypatch):
    """A terminal of so many columns."""

    def set_width(columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    return set_width


def test_columns_are_aligned_and_the_last_is_wrapped(width, capsys):
    width(40)
    left_out = print_table(HEADER, [*ROWS, ("three", "3", "words " * 6)], right=(1,))
    assert left_out == []
    assert click.unstyle(capsys.readouterr().out).splitlines() == [
        "name   a figure  why",
        "one           1  because",
        "two          22  it is so",
        "three         3  words words words words",
        "                 words words",
    ]


@pytest.mark.parametrize(
    ("columns", "left_out", "first"),
    [
        (24, [], "name  a figure  why"),
        (23, ["why"], "name  a figure"),
        (14, ["why"], "name  a figure"),
        (13, ["a figure", "why"], "name"),
    ],
)
def test_where_a_terminal_is_too_narrow_spare_columns_are_left_out_in_their_order(
    width, capsys, columns, left_out, first
):
    width(columns)
    assert print_table(HEADER, ROWS, right=(1,), spare=(2, 1)) == left_out
    assert click.unstyle(capsys.readouterr().out).splitlines()[0] == first


def test_a_file_gets_all_columns(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "10")
    assert print_table(HEADER, ROWS, spare=(2, 1)) == []
    assert click.unstyle(capsys.readouterr().out).splitlines()[0].split() == ["name", "a", "figure", "why"]
