"""Pages that are generated say what the code says today."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_table_of_sizes_is_what_the_code_gives():
    made = runpy.run_path(str(DOCS / "make_sizes.py"))["table"]()
    assert (DOCS / "sizes.md").read_text(encoding="utf-8") == made, "run python docs/make_sizes.py"
