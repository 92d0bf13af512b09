"""Everything that bczoo will ask of the parts."""

from bczoo.testing import check_component, parametrize_parts


@parametrize_parts("bczoo_fourier")
def test_the_parts_keep_the_contract(part):
    check_component(part)


def test_the_backbone_keeps_it_with_other_options_too():
    from bczoo_fourier import Fourier

    check_component(Fourier, frequencies=3, scale=5.0, width=8)
