"""Several processes that share each batch come to what one process comes to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import tensorboard.summary.writer.record_writer  # noqa: F401  (here, and not in each child)
import torch
import torch._dynamo  # the same: optimisers import it when they are first used
from attrs import evolve
from torch import Tensor

from archir.diagnostics import ArchirError, fail
from archir.search import sessions
from archir.search.checkpoint import load_checkpoint
from archir.search.compiler import Compiler
from archir.search.data import Data
from archir.search.method import find_method, read_method
from archir.search.phases import SGD, Adam, Train
from archir.search.plan import Plan
from archir.search.processes import Processes, announced
from archir.search.report import BatchRecord, EpochRecord, Reporter, Silent
from archir.search.result import Result, load_run
from archir.search.run import execute
from archir.search.schedules import Cosine
from archir.search.steps import RunPass, Step
from archir.search.trainer import Session
from tests.processes import run_script
from tests.small_space import small_digits_space
from tests.unit.search.small import SMALL, few_digits, small_space

BATCH = 23  # 94 images for each level: four batches of 11 and 12 images, then one of 2, of which a third has none
PHASE = Train(epochs=1, batch=BATCH, weights=SGD(Cosine(0.1, 0.01)), arch=Adam(0.01))
PHASES = {
    "first_order": PHASE,
    "second_order": evolve(PHASE, bilevel="second_order"),
    "drawn": evolve(PHASE, arch_probability=0.5),
    "one_level": evolve(PHASE, bilevel="none", split=0.5, cutout=2),
    "weights": Train("weights", epochs=1, batch=BATCH, split=0.5),
    "two_epochs": evolve(PHASE, epochs=2),
    "zeros": Train("weights", epochs=1, batch=BATCH, split=0.5, keep_zeros=True),
}
SCRIPT = "from tests.processes import fork; from tests.unit.search.test_processes import *; prepare(); "


def data() -> Data:
    return few_digits(188, 41)


def prepare() -> None:
    """What every process needs, once, before they part."""
    torch.set_num_threads(1)
    data()


class Listener(Silent):
    """Writes down what it hears in a file beside the run, one of its own for each process."""

    def __init__(self, folder: Path) -> None:
        self.path = folder.with_name(f"{folder.name}.{announced().rank}.txt")

    def message(self, text: str) -> None:
        with self.path.open("a") as file:
            file.write(f"{text}\n")

    def batch(self, record: BatchRecord) -> None:
        self.message(f"step {record.step}")


def run(name: str, folder: Path, **more: Any) -> Result:
    """A run in double precision: inputs, weights, statistics."""
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    if name in PHASES:
        weights = cut() if name == "zeros" else {}
        plan, compiler = Plan((RunPass("relax"), PHASES[name]), data(), small_space(), weights=weights), SMALL
    else:
        steps = {"masks": masks, "sampled": sampled}.get(name, lambda: sparsified(name))()
        plan, compiler = Plan(steps, data(), small_digits_space()), Compiler()
    return execute(plan, folder, compiler=compiler, reporter=Listener(folder), **more)


def cut() -> dict[str, Tensor]:
    """Weights to begin with: half of each kernel is zero."""
    torch.manual_seed(0)
    model = SMALL.to_torch(SMALL.run_passes(small_space(), "relax", {}).module)
    weights = {path: w for path, w in model.state_dict().items() if w.dim() >= 2}
    return {path: w * (torch.arange(w.numel()).view(w.shape) % 2) for path, w in weights.items()}


def sparsified(name: str) -> list[Step]:
    """EnTranNAS-DST, which has an objective, transit cells and an evaluation of what would be derived now."""
    method = read_method(find_method("entrannas_dst"), {"epochs": 1, "batch": BATCH, "ratio": 2, "arch_lr": 0.03})
    level: dict[str, Any] = {"bilevel": "none", "split": 0.5} if name == "dst_one_level" else {}
    return [evolve(s, **level) if isinstance(s, Train) else s for s in method.steps]


def sampled() -> list[Step]:
    """DARTS' second order on samples of one operation for each edge: all processes draw the same."""
    settings = {"epochs": 1, "batch": BATCH, "gate": "gumbel_max", "order": "second_order"}
    return list(read_method(find_method("darts"), settings).steps)


def masks() -> list[Step]:
    """Masks on operations, edges and kernels, and what they leave."""
    adam = Adam(3e-3, (0.9, 0.999), 0.0)
    phase = Train(("masks", "arch_masks"), epochs=1, batch=BATCH, split=0.5, masks=adam, arch_masks=adam)
    return [RunPass(spec) for spec in ("widen", "relax", "mask")] + [phase, RunPass("derive{rule=mask}")]


def started(root: Path, folder: Path, code: str) -> list[str]:
    done = run_script(root, folder, SCRIPT + code)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def tensors(folder: Path) -> dict[str, Tensor]:
    """Weights, architecture parameters, statistics and the optimisers' state of a run."""
    _, state = load_checkpoint(folder / "checkpoint.safetensors")
    found = dict(state.model)
    for what, by_path in state.optimizers.items():
        found |= {f"{what}/{path}/{slot}": t for path, slots in by_path.items() for slot, t in slots.items()}
    return found


def compare(one: Path, other: Path, compiler: Compiler = SMALL) -> None:
    """The states are equal to 1e-8, and the histories, too."""
    expected, found = tensors(one), tensors(other)
    assert found.keys() == expected.keys()
    assert sum(t.dtype == torch.float64 for t in expected.values()) > 20
    for name, t in expected.items():
        torch.testing.assert_close(found[name], t, rtol=0, atol=1e-8, msg=lambda text, name=name: f"{name}: {text}")
    histories = [load_run(folder, compiler=compiler).history for folder in (one, other)]
    for a, b in zip(*histories, strict=True):
        assert (a.epoch, a.train_accuracy, a.accuracy) == (b.epoch, b.train_accuracy, b.accuracy)
        assert a.arch_steps == b.arch_steps
        assert b.train_loss == pytest.approx(a.train_loss, abs=1e-8)
        assert b.loss == pytest.approx(a.loss, abs=1e-8)
        assert (b.child_accuracy, b.objective) == (a.child_accuracy, pytest.approx(a.objective, abs=1e-8))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["first_order", "drawn", "second_order", "one_level"])
def test_five_steps_are_those_of_one_process(name: str, root: Path, tmp_path: Path) -> None:
    counts = (1, 2, 3) if name == "first_order" else (1, 2)
    code = f"[print(fork(n, lambda: run({name!r}, Path(str(n))))) for n in {counts}]"
    assert started(root, tmp_path, code) == [str([0] * n) for n in counts]
    *_, step, milestone = (tmp_path / "1.0.txt").read_text().splitlines()
    assert (step, milestone.partition(":")[0]) == ("step 5", "train(weights, arch) for 1 epoch")
    start = tensors_at_the_start(name, tmp_path / "start")
    assert max(float((t - start[n]).abs().max()) for n, t in tensors(tmp_path / "1").items() if n in start) > 1e-2
    for count in counts[1:]:
        compare(tmp_path / "1", tmp_path / str(count))
        assert (tmp_path / f"{count}.0.txt").read_text() == (tmp_path / "1.0.txt").read_text()
        assert not (tmp_path / f"{count}.1.txt").exists()  # one process reports


def tensors_at_the_start(name: str, folder: Path) -> dict[str, Tensor]:
    """What the same run begins with."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        still = evolve(PHASES[name], weights=SGD(0.0), arch=Adam(0.0))
        return execute(Plan((RunPass("relax"), still), data(), small_space()), folder, compiler=SMALL).tensors
    finally:
        torch.set_default_dtype(before)


@pytest.mark.slow
def test_zeros_stay_in_all_processes(root: Path, tmp_path: Path) -> None:
    code = "[print(fork(n, lambda: run('zeros', Path(str(n))))) for n in (1, 2)]"
    assert started(root, tmp_path, code) == ["[0]", "[0, 0]"]
    compare(tmp_path / "1", tmp_path / "2")
    found = load_run(tmp_path / "2", compiler=SMALL).tensors
    kernels = {path: w for path, w in cut().items() if not path.startswith("arch.")}
    assert sum(int((w == 0).sum()) for w in kernels.values()) > 100
    assert all(torch.equal(found[path] == 0, w == 0) for path, w in kernels.items())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dst", "dst_one_level"])
def test_an_objective_counts_once(name: str, root: Path, tmp_path: Path) -> None:
    code = f"[print(fork(n, lambda: run({name!r}, Path(str(n))))) for n in (1, 2)]"
    assert started(root, tmp_path, code) == ["[0]", "[0, 0]"]
    compare(tmp_path / "1", tmp_path / "2", Compiler())
    assert load_run(tmp_path / "1").history[-1].objective


@pytest.mark.slow
def test_masks_close_alike_in_all_processes(root: Path, tmp_path: Path) -> None:
    code = "[print(fork(n, lambda: run('masks', Path(str(n))))) for n in (1, 2)]"
    assert started(root, tmp_path, code) == ["[0]", "[0, 0]"]
    compare(tmp_path / "1", tmp_path / "2", Compiler())
    one, two = (load_run(tmp_path / name) for name in "12")
    assert one.module == two.module
    assert any((t == 0).any() for t in one.tensors.values() if t.dim() > 1)


@pytest.mark.slow
def test_all_processes_draw_the_same(root: Path, tmp_path: Path) -> None:
    code = "[print(fork(n, lambda: run('sampled', Path(str(n))))) for n in (1, 2)]"
    assert started(root, tmp_path, code) == ["[0]", "[0, 0]"]
    compare(tmp_path / "1", tmp_path / "2", Compiler())


def counting(folder: Path) -> None:
    """A run that writes down how often this process gave a file its name."""
    count, real = 0, os.replace

    def replace(*arguments: Any) -> None:
        nonlocal count
        count += 1
        real(*arguments)

    os.replace = replace
    run("weights", folder)
    folder.with_name(f"{folder.name}.{announced().rank}.count").write_text(str(count))


@pytest.mark.slow
def test_files_are_written_once(root: Path, tmp_path: Path) -> None:
    started(root, tmp_path, "[fork(n, lambda: counting(Path(str(n)))) for n in (1, 2)]")
    alone, first, second = (int((tmp_path / f"{name}.count").read_text()) for name in ("1.0", "2.0", "2.1"))
    assert first == alone > 5
    assert second == 0
    compare(tmp_path / "1", tmp_path / "2")
    names = [sorted(str(p.relative_to(f)) for f in (tmp_path / n,) for p in f.rglob("*.*")) for n in ("1", "2")]
    assert [n for n in names[0] if "events" not in n] == [n for n in names[1] if "events" not in n]


def interrupted(folder: Path, rank: int, *, resume: bool = False) -> int:
    """A run whose process `rank` is killed in the second epoch; gives the last digit of the error of the others."""
    real = sessions.train_epoch

    def train_epoch(session: Session, epoch: int, reporter: Reporter) -> EpochRecord:
        if epoch == 1 and announced().rank == rank:
            os.kill(os.getpid(), 9)
        return real(session, epoch, reporter)

    sessions.train_epoch = train_epoch
    try:
        run("two_epochs", folder, resume=resume)
    except ArchirError as error:
        return int(error.diagnostics[0].code.removeprefix("NAS50"))
    return 0


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1)])
def test_a_killed_run_goes_on_with_another_number_of_processes(
    before: int, after: int, root: Path, tmp_path: Path
) -> None:
    code = (
        "print(fork(1, lambda: run('two_epochs', Path('whole'))));"
        f"print(fork({before}, lambda: interrupted(Path('run'), {before - 1})));"
        f"print(fork({after}, lambda: run('two_epochs', Path('run'), resume=True)))"
    )
    killed = [-9] if before == 1 else [8, -9]  # the process that is left says that the other has gone
    assert started(root, tmp_path, code) == ["[0]", str(killed), str([0] * after)]
    compare(tmp_path / "whole", tmp_path / "run")
    said = (tmp_path / "run.0.txt").read_text()
    assert f"note: started with processes {before}, resumed with {after}" in said
    assert not list((tmp_path / "run").glob(".archir*"))


def test_shares_cover_a_batch() -> None:
    for count in (1, 2, 3, 5):
        for images in (0, 1, 2, 7, 96):
            shares = [Processes(rank, count).share(images) for rank in range(count)]
            assert [i for s in shares for i in range(images)[s]] == list(range(images))
            sizes = [s.stop - s.start for s in shares]
            assert max(sizes) - min(sizes) <= 1


def test_what_torchrun_says() -> None:
    assert announced({}) == Processes(0, 1)
    assert announced({"RANK": "2", "WORLD_SIZE": "4", "LOCAL_RANK": "0"}) == Processes(2, 4)


def test_alone_sums_are_what_they_are_of() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    Processes().sum_gradients([weight])
    assert weight.grad is None
    assert Processes().total(1.5, torch.tensor(2)) == [1.5, 2.0]


def partly_used() -> None:
    """Gradients where one process has none, both have none, both have one."""
    from archir.search.processes import joined

    with joined("cpu") as (processes, _):
        one, none, both = (torch.nn.Parameter(torch.zeros(2)) for _ in range(3))
        both.grad = torch.tensor([1.0, processes.rank])
        if processes.is_first:
            one.grad = torch.ones(2)
        processes.sum_gradients([one, none, both])
        assert one.grad is not None
        assert one.grad.tolist() == [1.0, 1.0]
        assert none.grad is None
        assert both.grad.tolist() == [2.0, 1.0]


@pytest.mark.slow
def test_what_no_process_uses_keeps_no_gradient(root: Path, tmp_path: Path) -> None:
    assert started(root, tmp_path, "print(fork(2, partly_used))") == ["[0, 0]"]


def spoiled(folder: Path) -> int:
    """A run in which the second process meets an error of its own."""
    from archir.cli.together import Ending, end_together
    from archir.diagnostics.render import render

    real = sessions.train_epoch

    def train_epoch(session: Session, epoch: int, reporter: Reporter) -> EpochRecord:
        if announced().rank == 1:
            fail("NAS507", "there is no room here", help="make some")
        return real(session, epoch, reporter)

    sessions.train_epoch = train_epoch

    def attempt() -> Ending:
        try:
            run("first_order", folder)
        except ArchirError as error:
            return Ending(1, render(error.diagnostics, color=False))
        return Ending(0)

    return end_together(attempt)


@pytest.mark.slow
def test_one_error_is_said_once_and_ends_all(root: Path, tmp_path: Path) -> None:
    done = run_script(root, tmp_path, f"{SCRIPT}print(fork(2, lambda: spoiled(Path('run'))))")
    assert done.stdout.strip() == "[1, 1]"
    assert done.stderr.count("error[") == 1
    assert "there is no room here" in done.stderr
    assert "Traceback" not in done.stderr
