"""bczoo export: a policy as an ONNX file."""

from pathlib import Path

import click


@click.command("export")
@click.argument("policy", type=click.Path(path_type=Path))
@click.option("--to", required=True, metavar="FILE.onnx", type=click.Path(path_type=Path), help="file to write")
def command(policy: Path, to: Path) -> None:
    """Write POLICY as an ONNX file that runs without bczoo and torch.

    POLICY is a .safetensors file that bczoo wrote, or one that comes with it, such as zoo:bc_cnn. Normalisation and
    the decoding of actions are inside. It is compared with the policy in ONNX Runtime before it is written. Needs pip
    install 'bczoo[onnx]'.
    """
    from bczoo.engine.console import show_log
    from bczoo.engine.export import export

    show_log()
    made = export(policy, to)
    for side, values in (("in", made.inputs), ("out", made.outputs)):
        for name, shape in values.items():
            click.echo(f"{side:4}{name}: {shape}")
    click.echo(f"in ONNX Runtime its actions differ from the policy's by at most {made.difference:.0e} of their range")
    click.echo(f"file: {made.path} ({made.path.stat().st_size / 1e6:.1f} MB)")
