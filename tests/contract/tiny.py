"""Options that make parts small, for tests that train every combination; parts not named here take their defaults."""

from bczoo.registry import zoo

TINY = {
    ("temporal", "gru"): {"hidden": 16},
    ("temporal", "lstm"): {"hidden": 16},
    ("temporal", "act"): {
        "d_model": 16,
        "heads": 2,
        "encoder_layers": 1,
        "decoder_layers": 2,
        "dim_feedforward": 16,
        "dropout": 0.0,
    },
    ("temporal", "transformer"): {"d_model": 16, "heads": 2, "layers": 1, "dropout": 0.0},
    ("head", "mlp"): {"hidden": (16,), "dropout": 0.0},
    ("backbone", "timm"): {"model": "test_resnet"},
}


def names(kind):
    return [card.name for card in zoo().of_kind(kind)]


def default(kind, name):
    return zoo().get(kind, name).options()


def tiny(kind, name):
    return zoo().get(kind, name).options(**TINY.get((kind, name), {}))
