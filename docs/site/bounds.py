"""What values an option takes, in words."""

from typing import Any

import attrs

from bczoo.json_types import Schema, constrain, of_type

_SIGNS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
_COUNTS = {"minItems": "at least", "maxItems": "at most", "minLength": "at least", "maxLength": "at most"}


def bounds_of(field: "attrs.Attribute[Any]") -> str:
    """The values that an option's validator lets pass, such as ">= 0, < 1"; "" where only its code knows.

    What a validator of a part's own asks for is in the option's help.
    """
    schema = of_type(field.type, lambda _: {})
    return ", ".join(_words(constrain(schema, field.validator)))


def _words(schema: Schema) -> list[str]:
    said = [f"{sign} {schema[key]}" for key, sign in _SIGNS.items() if key in schema]
    if (least := schema.get("minItems")) and least == schema.get("maxItems"):
        said.append(f"{least} items")
    else:
        said += [f"{word} {schema[key]} {_what(key)}" for key, word in _COUNTS.items() if key in schema]
    if "pattern" in schema:
        said.append(f"matches {schema['pattern'].removeprefix('^(?:').removesuffix(')$')}")
    if "items" in schema and (each := _words(schema["items"])):
        said.append(f"each {', '.join(each)}")
    return said


def _what(key: str) -> str:
    return "items" if key.endswith("Items") else "characters"
