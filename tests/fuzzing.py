"""What the fuzz tests share: values that nobody expects, ways to spoil a table, and what a refusal must look like."""

import copy
import json

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bczoo.errors import BczooError

DEEP = [[[[]]]]
for _ in range(60):
    DEEP = [DEEP]

# Wrong types, sizes that nobody could pay for, and texts that terminals or file systems would obey.
junk = st.one_of(
    st.sampled_from([None, True, False, -1, 0, 1, 3, 2**14, 2**31, 2**62, 2**63, 10**9, 10**12, 10**30, 10**4000]),
    st.sampled_from([-0.5, 0.5, 1e300, float("nan"), float("inf")]),
    st.sampled_from(["", "x", "none", "../../etc/passwd", "/etc/passwd", "a\0b\x1b[2J\n", "\ud800\u202e", "x" * 5000]),
    st.sampled_from([[], {}, [[]], {"a": None}, {"use": "mlp"}, {"use": 7}, [10**9] * 3, [10**9] * 300, DEEP]),
    st.integers(),
    st.text(max_size=5),
).map(copy.deepcopy)  # or one case would change what the next one draws


def cases(count):
    """Settings for `count` cases, and in proportion more with --hypothesis-profile=thorough."""
    count = count * settings().max_examples // 100
    return settings(max_examples=count, suppress_health_check=list(HealthCheck))


def places(value, path=()):
    """The key path of everything in a table."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


@st.composite
def spoilt(draw, table):
    """A copy of the table in which one to three things are replaced, removed or added."""
    table = copy.deepcopy(table)
    for _ in range(draw(st.integers(1, 3))):
        # Each part of the table as often, however long it is.
        part = draw(st.sampled_from(sorted(table)))
        place = (part, *draw(st.sampled_from([(), *places(table[part])])))
        holder = table
        for key in place[:-1]:
            holder = holder[key]
        how = draw(st.sampled_from(["replace", "replace", "replace", "remove", "add"]))
        if how == "remove":
            del holder[place[-1]]
            if not table:
                break
        elif how == "replace":
            holder[place[-1]] = draw(junk)
        elif isinstance(holder, dict):
            holder[draw(st.sampled_from(["x", "use", "", "\n", "x" * 9000]))] = draw(junk)
        else:
            holder.append(draw(junk))
    return table


@st.composite
def broken(draw, content, start, end):
    """The bytes cut off somewhere, or with one to three bits flipped in [start, end)."""
    if draw(st.booleans()):
        return content[: draw(st.integers(0, len(content) - 1))]
    content = bytearray(content)
    bits = st.tuples(st.integers(start, end - 1), st.integers(0, 7))
    for place, bit in draw(st.lists(bits, min_size=1, max_size=3, unique=True)):
        content[place] ^= 1 << bit
    return bytes(content)


def outcome(read, path):
    """What `read` gives for a file; None where it refuses, which must be done in a readable sentence that names it."""
    try:
        return read(path)
    except BczooError as error:
        said = str(error)
    assert said.strip()
    assert str(path) in said
    assert len(said) < 2000
    assert said.count("\n") < 60
    assert all(character.isprintable() or character == "\n" for character in said)
    return None


def container(header, data, padding=b""):
    """A .safetensors file of a header, a table or its text, and data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode("utf-8", "surrogatepass")
    return len(text + padding).to_bytes(8, "little") + text + padding + data
