"""The version of what plugins may rely on, and which plugins keep to it.

The API is MAJOR.MINOR. MINOR grows when something is added, so a plugin written for 1.2 runs with every bczoo that has
1.2 or a later 1.x; MAJOR grows when something that plugins may rely on changes or goes.
"""

import re
from typing import Any, Final

from bczoo.errors import BczooError, brief

API_VERSION: Final = "1.0"
NAME: Final = "BCZOO_API"


def check_api(plugin: Any) -> None:
    """Raise BczooError unless a plugin (what its entry point names) says that it is written for this API."""
    said = getattr(plugin, NAME, None)
    if said is None:
        raise BczooError(
            f'it does not say which plugin API it is written for; its author adds {NAME} = "{API_VERSION}" beside '
            "its cards"
        )
    match = re.fullmatch(r"(\d{1,4})\.(\d{1,4})", said) if isinstance(said, str) else None
    if match is None:
        raise BczooError(f'{NAME} = {brief(said)} is no API version; one is written like "{API_VERSION}"')
    wanted, own = (int(match[1]), int(match[2])), tuple(map(int, API_VERSION.split(".")))
    if wanted[0] < own[0]:
        raise BczooError(f"it is written for plugin API {said}, and bczoo now has {API_VERSION}; update the plugin")
    if wanted > own:
        raise BczooError(f"it is written for plugin API {said}, and this bczoo has {API_VERSION}; update bczoo")
