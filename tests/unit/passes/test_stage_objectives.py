"""Depth and complexity of stages as objectives: H-DAS, Eqs. 2, 4, 5 and 6, against plain torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from archir.analysis.axes import NO_AXES
from archir.analysis.cost import macs, parameters
from archir.analysis.expected_depth import depths_at, expected_depths
from archir.analysis.gates import evaluate_gate, evaluate_objective, evaluate_values
from archir.diagnostics import ArchirError
from archir.ir.module import Module, choice_instances, shared_choices
from archir.ir.point import Kept, Point
from archir.ir.printer import print_flat
from archir.lowering.torch import to_torch
from archir.passes import run_pipeline
from archir.passes.fix import fixed
from archir.sema import load, load_source
from archir.source import Source
from tests.derived import point_of

CELLS, LEAST, WINDOW = 5, 2, 3
STAGED = f"""
    use ops
    use darts
    use darts_v2
    use hs_das
    use hs_das_cells
    net staged(image: tensor[3, 16, 16]) {{
      s1 = conv(image, 12, k=3)
      s0 = s1
      for s in 0..2 {{
        y = MACRO@(s)(s0, s1, 4 * 2 ** s, inner=darts_v2.normal, cells={CELLS}, window={WINDOW}LEAST)
        s0, s1 = s1, y
        y = darts_v2.reduce(s0, s1, 8 * 2 ** s)
        s0, s1 = s1, y
      }}
      return s1 |> global_avg_pool |> linear(10)
    }}
"""


def space(*, windows: bool) -> Module:
    macro, least = ("hs_das_cells.macro_cells", f", least={LEAST}") if windows else ("hs_das.macro", "")
    return load_source(Source("staged.nas", STAGED.replace("MACRO", macro).replace("LEAST", least)))


def drawn(module: Module, seed: int = 0) -> dict[str, Tensor]:
    """Values of the architecture parameters that have gradients, in double precision."""
    generator = torch.Generator().manual_seed(seed)
    return {
        p.name: torch.randn(p.shape, generator=generator, dtype=torch.float64).requires_grad_()
        for p in module.parameters
    }


def depth_loss(values: dict[str, Tensor], stage: str, windows: bool) -> Tensor:
    """Eq. 2, or Eq. 4 with its windows, for one stage, straight from the paper; `none` is the first operation."""
    depth = {0: torch.zeros((), dtype=torch.float64), 1: torch.zeros((), dtype=torch.float64)}
    loss = torch.zeros((), dtype=torch.float64)
    if windows:
        beta = torch.softmax(values[f"arch.{stage}.choose.alpha"][0], dim=0)
    for i in range(1, CELLS + 1):
        node = i + 1
        earlier = list(range(max(0, node - WINDOW), node))
        mass = torch.softmax(values[f"arch.{stage}.c.{node}.choose.alpha"], dim=1)[:, 1:].sum(dim=1)
        a = mass / mass.sum()
        inner = sum((a[e] * (depth[j] + 1) for e, j in enumerate(earlier)), torch.zeros((), dtype=torch.float64))
        depth[node] = inner
        pair = node - LEAST - 1  # window 0 is (c[least], c[least + 1])
        factor = 1 + i * beta[pair] if windows and pair >= 0 else 1
        loss = loss + 1 / i * inner * factor
    return -loss / CELLS


def check_value_and_gradient(module: Module, wanted: Tensor, values: dict[str, Tensor], name: str) -> None:
    """The objective of this name in NumPy, and in the supernet with its gradients, is the wanted number."""
    expected = torch.autograd.grad(wanted, list(values.values()), materialize_grads=True)
    (objective,) = (o.value for o in module.objectives if o.name == name)
    arrays = {key: value.detach().numpy() for key, value in values.items()}
    assert evaluate_objective(module, objective, arrays) == pytest.approx(wanted.item(), rel=1e-12)
    supernet = to_torch(module).double()
    supernet.load_state_dict({key: value.detach() for key, value in values.items()}, strict=False)
    found = supernet.objectives()[name]
    assert found.item() == pytest.approx(wanted.item(), rel=1e-12)
    gradients = torch.autograd.grad(found, list(supernet.architecture().values()), materialize_grads=True)
    for mine, theirs in zip(gradients, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("windows", [False, True], ids=["Eq. 2", "Eq. 4"])
def test_the_depth_loss_is_that_of_the_paper(*, windows: bool) -> None:
    module = run_pipeline(space(windows=windows), "relax,depth_loss{weight=0.7}").module
    values = drawn(module)
    stage = "hs_das_cells.macro_cells" if windows else "hs_das.macro"
    wanted = 0.7 * (depth_loss(values, f"{stage}.0", windows) + depth_loss(values, f"{stage}.1", windows))
    check_value_and_gradient(module, wanted, values, "depth")


@pytest.mark.parametrize("measure", ["macs", "params"])
def test_the_complexity_loss_is_that_of_the_paper(measure: str) -> None:
    """Eq. 5: the coefficient of each pair times the cost of as many cells, which networks of all sizes give."""
    staged = space(windows=True)
    module = run_pipeline(staged, f"relax,complexity_loss{{weight=0.5,measure={measure},unit=1000}}").module
    values = drawn(module, seed=1)
    count = macs if measure == "macs" else parameters
    windows = range(CELLS - LEAST + 1)

    def network(first: int, second: int) -> float:
        of_windows = {"0": first, "1": second}
        kept: list[tuple[str, tuple[Kept, ...]]] = []
        for instance in choice_instances(staged.graph):
            if instance.choice.windows:
                kept.append((instance.key, (Kept(0, f"window_{of_windows[instance.owner[-1]]}"),)))
            elif int(instance.choice.name.split(".")[1]) <= LEAST + 1 + of_windows[instance.owner[-1]]:
                kept.append((instance.key, (Kept(0, "skip"), Kept(1, "skip"))))
        return count(fixed(staged, Point(tuple(kept))))

    smallest = network(0, 0)
    beta = [torch.softmax(values[f"arch.hs_das_cells.macro_cells.{s}.choose.alpha"][0], dim=0) for s in (0, 1)]
    total = torch.tensor(float(smallest), dtype=torch.float64)
    for j in windows:
        total = total + beta[0][j] * (network(j, 0) - smallest) + beta[1][j] * (network(0, j) - smallest)
    check_value_and_gradient(module, 0.5 * total / 1000, values, "complexity")
    if measure == "macs":  # theta = 1: a cell costs the same in each stage, so it is the number of cells
        steps = {network(j + 1, 0) - network(j, 0) for j in windows[:-1]}
        assert len(steps) == 1


def test_by_default_the_complexity_starts_at_its_weight() -> None:
    module = run_pipeline(space(windows=True), "relax{deviation=0},complexity_loss{weight=0.25}").module
    assert to_torch(module).objectives()["complexity"].item() == pytest.approx(0.25)


def test_the_objectives_are_summed() -> None:
    """Eq. 6."""
    module = run_pipeline(space(windows=True), "relax,depth_loss,complexity_loss").module
    assert [o.name for o in module.objectives] == ["depth", "complexity"]


def test_a_searched_cell_costs_what_its_windows_keep() -> None:
    """Cells behind the pair hold choices here; the expected cost of certain coefficients is the network's."""
    whole = load("hs_das_cells", channels=4, cells=4, least=2)
    module = run_pipeline(whole, "relax,complexity_loss{unit=1}").module
    network = run_pipeline(whole, "sample{seed=2}").module
    point = point_of(network)
    assert point.kept("macro_cells.0.choose") != (Kept(0, "window_2"),)
    values = {p.name: np.full(p.shape, -60.0) for p in module.parameters}
    for instance in choice_instances(whole.graph):
        names = [[c.name for c in edge.candidates] for edge in instance.choice.edges]
        rows = values[f"arch.{instance.key}.alpha"]
        for e, of in enumerate(names):  # `none`, the first, where nothing is kept
            rows[e, 0] = 0.0
            for kept in point.kept(instance.key) or ():
                if kept.edge == e:
                    rows[e] = np.where(np.arange(len(of)) == of.index(kept.operation), 60.0, -60.0)
    (objective,) = module.objectives
    assert evaluate_objective(module, objective.value, values) == pytest.approx(macs(network))


def test_a_chain_is_as_deep_as_it_has_cells() -> None:
    """With every cell on its predecessor alone each d_i is i: the loss is -1 a stage, Eq. 2 with 1/i and 1/N."""
    module = run_pipeline(space(windows=False), "relax,depth_loss").module
    values = {p.name: np.full(p.shape, -40.0) for p in module.parameters}
    for alpha in values.values():
        alpha[:, 0] = 40.0  # none
        alpha[-1] = [-40.0, 40.0, -40.0, -40.0]  # skip from the cell before
    (objective,) = module.objectives
    assert evaluate_objective(module, objective.value, values) == pytest.approx(-2.0)
    found = evaluate_values(module, values)
    assert found["depth.y.0"] == pytest.approx((CELLS - 1 + CELLS) / 2)  # its last two cells give the output


def test_a_cell_on_nothing_has_no_depth() -> None:
    """Where all edges of a window carry nothing but `none`, the cell counts as depth 0."""
    module = run_pipeline(space(windows=False), "relax").module
    (first, _) = expected_depths(module)
    zeros = {i.path: np.zeros((len(i.choice.edges), 4)) for i in choice_instances(module.graph)}
    found: dict[str, np.ndarray] = {}
    for value in first.values:
        found[value.name] = evaluate_gate(value.value, {**zeros, **found}, NO_AXES)
    assert found["depth.y.0"] == 0.0


def test_values_are_read_back() -> None:
    module = run_pipeline(space(windows=True), "relax,depth_loss,complexity_loss").module
    assert load_source(Source("flat.nas", print_flat(module))) == module


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("relax,depth_loss", "`darts` has no stages of cells"),
        ("relax,complexity_loss,complexity_loss", "`darts` has a complexity loss already"),
    ],
)
def test_what_does_not_fit(pipeline: str, message: str) -> None:
    with pytest.raises(ArchirError) as raised:
        run_pipeline(load("darts", channels=4, cells=3), pipeline)
    assert raised.value.diagnostics[0].message == message


def test_objectives_of_a_restricted_space_are_those_without_the_others() -> None:
    """As if what is not active had a coefficient of zero; the space is one of windows and of edges that are kept."""
    pipeline = "relax,depth_loss,complexity_loss"
    whole = run_pipeline(space(windows=True), pipeline).module
    windows = [key for key, choice in shared_choices(whole).items() if choice.windows]
    rows = ", ".join(f"({key}, 0, (window_0, window_1))" for key in windows)
    rows += ", (all, 0, (none, skip, max_pool_3x3, window_0, window_1))"
    part = run_pipeline(whole, f"restrict{{to=({rows})}}").module
    values = {name: value.detach().numpy() for name, value in drawn(whole).items()}
    low = {name: value.copy() for name, value in values.items()}
    for key, choice in shared_choices(part).items():
        for e, edge in enumerate(choice.edges):
            off = set(range(len(edge.candidates))) - {k for k, _ in edge.alternatives}
            low[f"arch.{key}.alpha"][e, sorted(off)] = -1e9
    assert part.objectives == whole.objectives
    for objective in part.objectives:
        found = evaluate_objective(part, objective.value, values)
        assert found == pytest.approx(evaluate_objective(whole, objective.value, low), rel=1e-9)
        assert found != pytest.approx(evaluate_objective(whole, objective.value, values), rel=1e-3)
    assert depths_at(part, values) == pytest.approx(depths_at(whole, low), rel=1e-9)
