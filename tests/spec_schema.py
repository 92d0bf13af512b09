"""What the tests of the JSON Schema share: the schema, specs to hold against it, and where each of both refuses one."""

import copy
import tomllib

from jsonschema import Draft202012Validator

from bczoo import load_spec
from bczoo.json_schema import spec_schema
from bczoo.schema import Mistakes
from bczoo.specfile import dump_spec, recipes, spec_from_table

SCHEMA = spec_schema()
CHECKER = Draft202012Validator(SCHEMA)
RECIPES = {name: tomllib.loads(text) for name, text in recipes().items()}
COMPLETE = {name: tomllib.loads(dump_spec(load_spec(name))) for name in RECIPES}

# One part of every built-in kind, and lists of parts.
FULL = copy.deepcopy(COMPLETE["act_resnet_cvae"])
FULL["data"]["augment"] = [{"use": "shift", "pixels": 4}, {"use": "state_noise", "std": [0.1, 0.2]}]
FULL["callbacks"] = [{"use": "ema", "decay": 0.99}, {"use": "wandb", "tags": ["a"], "mode": "offline"}]


def changed(table, path, value):
    """A copy with the value at the dotted path set, or removed for `...`."""
    table = copy.deepcopy(table)
    *above, key = [int(key) if key.isdigit() else key for key in path.split(".")]
    holder = table
    for step in above:
        holder = holder[step]
    if value is ...:
        del holder[key]
    else:
        holder[key] = value
    return table


def refusals(table, checker=CHECKER):
    """The key path of everything the schema refuses: for a key too many or too few, of that key."""
    places = set()
    for error in checker.iter_errors(table):
        path = tuple(map(str, error.absolute_path))
        if error.validator == "required":
            missing = {key for key in error.validator_value if key not in error.instance}
            # A table without its `use` is what bczoo refuses, not the key.
            places |= {path if key == "use" else (*path, key) for key in missing}
        elif error.validator == "additionalProperties":
            places |= {(*path, key) for key in error.instance if key not in error.schema["properties"]}
        else:
            places.add(path)
    return places


def mistakes(table, read=spec_from_table):
    """The key path of everything bczoo refuses."""
    try:
        read(table)
    except Mistakes as error:
        return {mistake.path for mistake in error.mistakes}
    return set()
