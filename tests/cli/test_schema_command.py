"""bczoo schema: what it prints, what it writes, and what it leaves alone."""

import json
import subprocess
import sys

from bczoo.json_schema import spec_schema


def test_it_prints_the_schema(call_cli):
    done = call_cli("schema")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == spec_schema()


def test_it_writes_the_schema_and_says_how_specs_name_it(call_cli, tmp_path):
    for _ in range(2):  # its own file is replaced
        done = call_cli("schema", "--to", "bczoo.schema.json")
        assert (done.returncode, done.stderr) == (0, "")
        assert "#:schema ./bczoo.schema.json" in done.stdout
    assert json.loads((tmp_path / "bczoo.schema.json").read_text(encoding="utf-8")) == spec_schema()


def test_a_file_of_somebody_elses_stays_and_is_named(call_cli, tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text("precious", encoding="utf-8")
    done = call_cli("schema", "--to", "mine.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: mine.toml exists and is no schema of bczoo's, so it will not be overwritten; name another file\n"
    )
    assert mine.read_text(encoding="utf-8") == "precious"


def test_a_folder_that_is_not_there_is_one_line_and_no_success(call_cli):
    done = call_cli("schema", "--to", "nowhere/bczoo.schema.json")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: cannot write nowhere/bczoo.schema.json: No such file or directory")


def test_a_broken_plugin_is_a_note_and_no_reason_to_fail(call_cli, install):
    install("bczoo_bad", "import not_there")
    done = call_cli("schema")
    assert done.returncode == 0
    assert done.stderr == (
        "note: plugin 'bczoo_bad' (bczoo-bad 1.2) is not in the schema: "
        "ModuleNotFoundError: No module named 'not_there'\n"
    )
    assert json.loads(done.stdout) == spec_schema()


def test_it_needs_no_torch(tmp_path):
    program = (
        "import sys; from bczoo.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: sys.exit(end.code or 'torch' in sys.modules or 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, "schema"], cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
