"""The functions that `import archir` gives."""

from __future__ import annotations

import pytest
import torch

import archir
from archir.lowering.torch import PLAIN
from archir.search.measure import saved_bytes
from tests.small_space import small_space


def test_to_torch_takes_the_options_of_the_lowering() -> None:
    relaxed = archir.apply(small_space(), "relax")
    usual = archir.to_torch(relaxed)
    less = archir.to_torch(relaxed, checkpoint=True)
    plain = archir.to_torch(relaxed, prune=False, share=False, fold=False, channels_last=False, depthwise=False)
    assert plain.options == PLAIN
    images = torch.randn(2, 3, 8, 8)
    for other in (less, plain):
        other.load_state_dict(usual.state_dict())
        torch.testing.assert_close(other(images), usual(images), rtol=1e-4, atol=1e-5)
    assert saved_bytes(less, images) < saved_bytes(usual, images) / 2 < saved_bytes(plain, images) / 2


@pytest.mark.parametrize("options", [{"chekpoint": True}, {"checkpoint": 1}])
def test_to_torch_refuses_other_options(options: dict[str, bool]) -> None:
    with pytest.raises(TypeError, match=next(iter(options))):
        archir.to_torch(archir.apply(small_space(), "relax"), **options)
