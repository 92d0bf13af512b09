"""Cards and their options classes, which attrs makes when they are first used: nobody can tell, except by the clock."""

import inspect
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from copy import copy, deepcopy
from typing import ClassVar, Literal

import attrs
import pytest
from attrs.validators import ge

from bczoo import BczooError, component, field
from bczoo.card import card_of
from bczoo.describe import options_of
from bczoo.installed import points
from bczoo.registry import zoo
from bczoo.schema import structure, unstructure

NET = '''
    from bczoo import component, field, hookimpl

    BCZOO_API = "1.0"

    @component("head", "net", "net_plugin:Net")
    class Net:
        """A net."""

        width: int = field(default=3, help="how wide")

    @hookimpl
    def bczoo_components():
        return (Net,)
'''


def plain():
    """A class as a plugin writes it, new at every call."""

    class Net:
        """A net."""

        count: ClassVar[int] = 0

        width: int = field(default=3, check=ge(1), help="how wide")
        mode: Literal["fast", "slow"] = field(default="fast", help="how fast")
        sizes: "tuple[float, ...]" = field(default=(), help="how large")
        names: list[str] = field(factory=list, help="what it is called")
        depth: int = field(help="how deep")

        def area(self):
            return self.width * self.depth

    return Net


def made_at_once():
    return attrs.resolve_types(attrs.frozen(kw_only=True)(plain()))


def declared():
    return component("head", "net", "x:y")(plain())


def is_made(cls):
    """Whether attrs has done its work; asked without setting it to work."""
    return isinstance(vars(cls)["__attrs_attrs__"], tuple)


def refusal(use):
    def refused(cls):
        with pytest.raises(Exception) as error:
            use(cls)
        return error.type, str(error.value)

    return refused


FIRST_USES = {
    "making an instance": lambda cls: attrs.asdict(cls(depth=2, width=4, sizes=(1.0,))),
    "showing one": lambda cls: repr(cls(depth=2)),
    "comparing two": lambda cls: (cls(depth=2) == cls(depth=2), cls(depth=2) == cls(depth=3)),
    "comparing with another class's": lambda cls: cls(depth=2) == made_at_once()(depth=2),
    "ordering two": refusal(lambda cls: cls(depth=2) < cls(depth=3)),
    "hashing one with a list": refusal(lambda cls: hash(cls(depth=2))),
    "hashing one": lambda cls: len({cls(depth=2, names=()), cls(depth=2, names=()), cls(depth=3, names=())}),
    "giving it to a method": lambda cls: cls(depth=2).area(),
    "changing one": refusal(lambda cls: setattr(cls(depth=2), "depth", 3)),
    "adding to one": refusal(lambda cls: setattr(cls(depth=2), "height", 3)),
    "deleting from one": refusal(lambda cls: delattr(cls(depth=2), "depth")),
    "a changed copy": lambda cls: repr(attrs.evolve(cls(depth=2), width=9)),
    "a wrong changed copy": refusal(lambda cls: attrs.evolve(cls(depth=2), width=0)),
    "copies": lambda cls: copy(cls(depth=2)) == deepcopy(cls(depth=2)) == cls(depth=2),
    "a wrong value": refusal(lambda cls: cls(depth=2, width=0)),
    "a missing value": refusal(lambda cls: cls()),
    "an unknown name": refusal(lambda cls: cls(depth=2, height=3)),
    "a position": refusal(lambda cls: cls(2)),
    "a class pattern": lambda cls: [found for made in [cls(depth=2)] for found in _matched(cls, made)],
    "is it of attrs": attrs.has,
    "the fields in order": lambda cls: [(a.name, a.type, a.default, dict(a.metadata)) for a in attrs.fields(cls)],
    "the fields by name": lambda cls: attrs.fields_dict(cls)["sizes"].type,
    "the options in words": options_of,
    "the signature": lambda cls: [(p.name, p.kind, p.default) for p in inspect.signature(cls).parameters.values()],
    "reading a table": lambda cls: repr(structure({"depth": 2, "mode": "slow"}, cls)),
    "a class made from it": lambda cls: repr(type("Wide", (cls,), {})(depth=2)).rpartition(".")[2],
    "an attrs class made from it": lambda cls: [a.name for a in attrs.fields(attrs.frozen(type("Wide", (cls,), {})))],
}


def _matched(cls, made):
    match made:
        case cls(width=width, depth=depth):
            yield width, depth


@pytest.mark.parametrize("use", FIRST_USES.values(), ids=FIRST_USES)
def test_the_first_use_of_a_declared_class_is_like_that_of_any_attrs_class(use):
    cls = declared()
    assert not is_made(cls)
    assert use(cls) == use(made_at_once())
    assert is_made(cls)


def test_a_declared_class_stays_the_same_object_with_its_name_docstring_and_card():
    written = plain()
    cls = component("head", "net", "x:y")(written)
    one = cls(depth=2)
    assert cls is written
    assert (cls.__doc__, card_of(cls).options, card_of(one).name) == ("A net.", cls, "net")
    assert unstructure(one)["use"] == "net"


def test_making_a_class_makes_the_class_it_is_made_from():
    base = declared()

    @component("head", "wide", "x:y")
    class Wide(base):
        """A wide net."""

        width: int = field(default=100, help="how wide")

    assert (Wide(depth=1).area(), Wide(depth=1).mode) == (100, "fast")
    assert (card_of(Wide).name, card_of(base).name) == ("wide", "net")
    assert is_made(base)


def test_a_class_may_write_what_attrs_would():
    @component("head", "own", "x:y")
    class Own:
        """Takes its options by position."""

        width: int = field(help="how wide")

        def __init__(self, width):
            self.__attrs_init__(width=2 * width)

        def __eq__(self, other):
            return True

    assert Own(3).width == 6
    assert Own(3) == 4


def test_options_are_read_from_a_pickle_by_a_process_that_has_not_used_their_class(install):
    install("net_plugin", NET)
    net = zoo().get("head", "net").options(width=7)
    pickled = pickle.dumps(net)
    del sys.modules["net_plugin"]
    read = pickle.loads(pickled)
    assert type(read) is not type(net)  # another import of the same file
    assert (repr(read), read == type(read)(width=7), hash(read) == hash(type(read)(width=7))) == (repr(net), True, True)


def test_threads_that_need_a_class_at_the_same_moment_all_get_it_whole():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            for _ in range(20):
                cls = declared()
                made = list(pool.map(lambda depth, cls=cls: cls(depth=depth).area(), range(8)))
                assert made == [3 * depth for depth in range(8)]
    finally:
        sys.setswitchinterval(interval)


def test_listing_makes_no_options_class_and_showing_makes_one(tmp_path):
    program = (
        "import sys; from bczoo.cli import main; from bczoo.registry import zoo\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "made = [c.name for c in zoo() if isinstance(vars(c.options)['__attrs_attrs__'], tuple)]\n"
        "print(*made, file=sys.stderr)"
    )

    def made_by(*args):
        done = subprocess.run(
            [sys.executable, "-c", program, *args], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
        )
        assert "cnn" in done.stdout
        return done.stderr.split()

    assert made_by("list") == []
    assert made_by("show", "backbone", "cnn") == ["cnn"]


def test_the_metadata_of_a_distribution_is_read_once_and_no_further_than_its_header(install, monkeypatch):
    install("net_plugin", NET)
    read = []
    metadata = (
        "Metadata-Version: 2.1\nName:  bczoo-nets\nClassifier: A :: B\nVersion: 3.4\n\nName: nonsense\nVersion: 0\n"
    )

    # Libraries that bring a finder of their own have distributions of another class.
    kind = next(type(point.dist) for point in points() if point.name == "net_plugin")

    def read_text(self, name, real=kind.read_text):
        text = real(self, name)
        if name != "METADATA" or "net-plugin" not in text:
            return text
        read.append(name)
        return metadata

    monkeypatch.setattr(kind, "read_text", read_text)
    assert zoo().get("head", "net").origin == "bczoo-nets 3.4"
    assert read == ["METADATA"]


MISTAKES = {
    "no help": ("width: int = field(default=3)", "missing 1 required keyword-only argument: 'help'"),
    "called use": ('use: str = field(default="", help="x")', "head 'bad': an option cannot be called 'use'"),
    "called use, no default": ('use: str = field(help="x")', "head 'bad': an option cannot be called 'use'"),
    "called use, no type": ('use = field(help="x")', "head 'bad': an option cannot be called 'use'"),
    "called self": ('self: int = field(help="x")', "head 'bad': an option cannot be called 'self'"),
    "unknown type": ('width: itn = field(help="x")', "name 'itn' is not defined"),
    "unknown type, quoted": ('width: "itn" = field(help="x")', "name 'itn' is not defined"),
    "unknown type, inside": ('width: tuple["itn", ...] = field(help="x")', "name 'itn' is not defined"),
}


@pytest.mark.parametrize(("option", "reason"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_a_card_is_found_when_its_plugin_is_loaded(install, option, reason):
    install(
        "net_plugin", NET.replace('width: int = field(default=3, help="how wide")', option).replace('"net"', '"bad"')
    )
    (broken,) = zoo().broken
    assert (broken.plugin, broken.origin) == ("net_plugin", "net-plugin 1.2")
    assert reason in broken.reason


def test_what_only_attrs_can_find_out_is_said_with_the_place_when_the_class_is_used_and_again_the_next_time():
    @component("head", "bad", "x:y")
    class Bad:
        """Has two options that attrs would call the same when it makes an instance."""

        size: int = field(default=3, help="how large")
        _size: int = field(default=3, help="how large inside")

    for use in (Bad, attrs.fields, Bad):
        with pytest.raises(BczooError, match=r"the options .*test_card\..*Bad are no attrs class: SyntaxError: dup"):
            use() if use is Bad else use(Bad)


def test_a_class_holds_the_options_of_one_part():
    with pytest.raises(BczooError, match="head 'second': its options are those of 'net'; write a class for each"):
        component("head", "second", "x:y")(declared())
