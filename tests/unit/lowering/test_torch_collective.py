"""A batch in several processes: batch norm and dropout compute what they compute in one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor
from torch import distributed as dist

from archir.lowering.torch.collective import place_in_batch, shared_batches
from archir.lowering.torch.dropout import dropout
from archir.lowering.torch.norm import batch_norm
from tests.processes import run_script

BOUNDS = {2: (0, 3, 7), 3: (0, 2, 2, 7)}  # the second of three holds no image


def whole() -> dict[str, Tensor]:
    """The batch and what comes with it; a mean far from zero, where a mean of squares would cancel."""
    source = torch.Generator().manual_seed(1)
    shapes = {"x": (7, 3, 4, 5), "slope": (7, 3, 4, 5), "weight": (3,), "bias": (3,)}
    made = {name: torch.randn(shape, generator=source, dtype=torch.float64) for name, shape in shapes.items()}
    return made | {"x": made["x"] + 1e4}


def results(start: int, stop: int) -> dict[str, Tensor]:
    """All results for these rows of the batch."""
    given = whole()
    x, slope = given["x"][start:stop].requires_grad_(), given["slope"][start:stop]
    weight, bias = given["weight"].requires_grad_(), given["bias"].requires_grad_()
    mean, var = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    scaled = batch_norm(x, mean, var, weight, bias, momentum=0.1, eps=1e-5)
    plain = batch_norm(x, mean, var, None, None, momentum=0.3, eps=1e-5)
    weighted = batch_norm(x, mean, var, weight, None, momentum=0.2, eps=1e-5)
    torch.autograd.backward((scaled, plain, weighted), (slope, slope**2, slope.sign()))
    torch.manual_seed(3)
    return {
        "scaled": scaled, "plain": plain, "x": x.grad, "weight": weight.grad, "bias": bias.grad, "mean": mean,
        "var": var, "dropped": dropout(given["slope"][start:stop], 0.4, True),
        "weighted": weighted,
    }  # fmt: skip


def in_each(folder: Path, count: int) -> None:
    torch.set_num_threads(1)
    rank = int(os.environ["RANK"])
    dist.init_process_group("gloo")
    start, stop = BOUNDS[count][rank : rank + 2]
    with shared_batches():
        assert place_in_batch(stop - start, torch.device("cpu")) == (start, 7)
        found = results(start, stop)
    found = {name: t.detach().contiguous() for name, t in found.items()}
    safetensors.torch.save_file(found, folder / f"{rank}.safetensors")
    dist.destroy_process_group()


@pytest.mark.slow
@pytest.mark.parametrize("count", BOUNDS)
def test_a_shared_batch_is_normalised_as_a_whole(count: int, root: Path, tmp_path: Path) -> None:
    call = f"in_each(Path({str(tmp_path)!r}), {count})"
    code = f"from tests.processes import fork; from {__name__} import *; print(fork({count}, lambda: {call}))"
    done = run_script(root, tmp_path, code)
    assert done.stdout.strip() == str([0] * count), done.stderr
    parts = [safetensors.torch.load_file(tmp_path / f"{rank}.safetensors") for rank in range(count)]
    expected = results(0, 7)
    for name in ("scaled", "plain", "x", "dropped", "weighted"):
        torch.testing.assert_close(torch.cat([p[name] for p in parts]), expected[name], rtol=1e-12, atol=1e-10)
    for name in ("weight", "bias"):
        torch.testing.assert_close(sum(p[name] for p in parts), expected[name], rtol=0, atol=1e-10)
    for name in ("mean", "var"):
        assert all(torch.equal(p[name], parts[0][name]) for p in parts)  # the same bits everywhere
        torch.testing.assert_close(parts[0][name], expected[name], rtol=1e-12, atol=0)


def test_alone_nothing_is_asked_of_others() -> None:
    """The expected values above are torch's own."""
    given = whole()
    mean, var = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    arguments = (given["x"], mean.clone(), var.clone(), given["weight"], given["bias"], True, 0.1, 1e-5)
    expected = torch.nn.functional.batch_norm(*arguments)
    found = results(0, 7)
    assert torch.equal(found["scaled"], expected)
    torch.manual_seed(3)
    assert torch.equal(found["dropped"], torch.nn.functional.dropout(given["slope"], 0.4))


def test_noise_does_not_depend_on_the_memory_format() -> None:
    x = torch.ones(3, 4, 5, 6)
    torch.manual_seed(0)
    plain = dropout(x, 0.5, True)
    torch.manual_seed(0)
    assert torch.equal(dropout(x.contiguous(memory_format=torch.channels_last), 0.5, True), plain)
