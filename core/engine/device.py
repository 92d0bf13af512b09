"""What this machine computes on, and how precisely."""

import torch

from bczoo.errors import BczooError, InputError, brief


def pick_device(wanted: str) -> torch.device:
    """`auto` takes CUDA, then MPS, then the CPU.

    Raises InputError for what is no device that bczoo computes on, BczooError for one that is not there.
    """
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = _device(wanted)
    missing = (device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count()) or (
        device.type == "mps" and not torch.backends.mps.is_available()
    )
    if missing:
        raise BczooError(f"device {wanted!r} is not on this machine; use auto or cpu (see bczoo doctor)")
    return device


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        if device.type in ("cpu", "mps", "cuda"):
            return device
    except RuntimeError:  # torch knows no such device
        pass
    raise InputError(f"no device {brief(name)}; give auto, cpu, mps, cuda or cuda:N")


def computes_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is computed by the hardware rather than emulated."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False


def pick_precision(wanted: str, device: torch.device) -> str:
    """`auto` takes bf16 where the hardware computes in it, else fp32."""
    if wanted == "auto":
        return "bf16" if computes_bf16(device) else "fp32"
    return wanted


def set_precision(precision: str) -> None:
    """Say explicitly whether CUDA may round float32 products to TF32: with "fp32" it may not.

    Under "bf16" what autocast leaves in float32 may be rounded, as it is fed by bfloat16 anyway.
    """
    rounds = precision != "fp32"
    torch.set_float32_matmul_precision("high" if rounds else "highest")
    torch.backends.cudnn.allow_tf32 = rounds
