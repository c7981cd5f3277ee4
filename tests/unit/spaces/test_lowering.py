"""The shipped spaces run as supernets, and a network of each kind leaves as Python and as ONNX."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import archir
from archir.lowering.onnx import check_onnx
from tests.emitted import check_equal

IMAGE = (3, 32, 32)
SMALL: dict[str, dict[str, Any]] = {
    "robust_darts_s3": {"channels": 4, "cells": 3},
    "darts12": {"channels": 4, "cells": 3},
    "hc_das": {"channels": 4, "cells": 5},
    "hs_das_cells": {"channels": 4, "cells": 3, "least": 2},
    "darts_imagenet": {"channels": 4, "cells": 3, "image": (3, 64, 64), "classes": 10},
    "nasbench201": {"channels": 4, "cells": 1},
    "fbnet": {"width": 0.5, "image": IMAGE, "classes": 10},
    "mnasnet": {"width": 0.25, "image": IMAGE, "classes": 10},
    "efficientnet": {"width": 0.25, "image": IMAGE, "classes": 10},
}


@pytest.mark.parametrize("name", SMALL)
def test_a_supernet_learns(name: str) -> None:
    torch.manual_seed(0)
    module = archir.load(name, **SMALL[name])
    supernet = archir.to_torch(archir.apply(module, "relax"))
    result = supernet(torch.randn(2, *module.graph.inputs[0].type.shape))
    assert result.shape == (2, 10)
    result.square().sum().backward()
    gates = [p for n, p in supernet.named_parameters() if n.startswith("arch.")]
    assert gates
    assert sum(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in gates) == len(gates)


@pytest.mark.parametrize("name", ["mnasnet", "efficientnet", "fbnet", "hs_das_cells"])
def test_a_network_leaves_as_python_and_onnx(name: str) -> None:
    network = archir.apply(archir.load(name, **SMALL[name]), "sample{seed=2}")
    check_equal(network)
    torch.manual_seed(0)
    ours = archir.to_torch(network).eval()
    images = torch.randn(2, *IMAGE)
    with torch.no_grad():
        check_onnx(archir.to_onnx(network, ours.state_dict()), images.numpy(), ours(images).numpy())
