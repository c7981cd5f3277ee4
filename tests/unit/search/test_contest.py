"""A contest between the parts of a split, against plain computations of the same."""

from __future__ import annotations

import copy
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import tensorboard.summary.writer.record_writer  # noqa: F401  (here, and not in each child)
import torch
import torch._dynamo
from attrs import asdict, evolve
from torch import Tensor
from torch.nn import functional as F

import archir
from archir.diagnostics import ArchirError
from archir.ir.module import Module
from archir.ir.types import TensorType
from archir.passes import run_branches, run_pipeline
from archir.search.checkpoint import load_checkpoint
from archir.search.contest.distill import teaching
from archir.search.contest.record import winner_of
from archir.search.data import Data
from archir.search.optimizers import load_optimizer_state
from archir.search.phases import SGD, Adam, Train
from archir.search.plan import Plan
from archir.search.processes import announced
from archir.search.report import BatchRecord, EpochRecord, Silent
from archir.search.result import Result, load_run, load_searched
from archir.search.run import execute
from archir.search.schedules import Cosine
from archir.search.steps import Compete, Distillation, RunPass, Step
from archir.search.trainer import begin
from tests.processes import run_script
from tests.unit.search.small import die_before, few_digits

PHASE = Train(epochs=1, batch=16, split=0.5, augment=False, weights=SGD(0.05), arch=Adam(0.02))
TWO = evolve(PHASE, epochs=2)
START: tuple[Step, ...] = (RunPass("relax{deviation=0.5}"), PHASE)
NOTHING = "restrict{to=((all, all, (none, skip, conv_1x1, conv_3x3, avg_pool_3x3)))}"  # all that there is
SCRIPT = "from tests.processes import fork; from tests.unit.search.test_contest import *; prepare(); "


def data() -> Data:
    return few_digits(96, 30)


def prepare() -> None:
    """What every process needs, once, before they part."""
    torch.set_num_threads(1)
    data()


def tiny_space() -> Module:
    """The cell of NAS-Bench-201 in each of three stages, two channels wide, for digits."""
    return archir.load("nasbench201", image=TensorType((1, 8, 8)), channels=2, cells=1)


def run(folder: Path, *steps: Step, **more: Any) -> Result:
    torch.set_num_threads(1)
    return execute(Plan(steps, data(), tiny_space()), folder, **more)


def tensors(folder: Path) -> dict[str, Tensor]:
    """Weights, architecture parameters, statistics and the optimisers' state of a run."""
    _, state = load_checkpoint(folder / "checkpoint.safetensors")
    found = dict(state.model)
    for what, by_path in state.optimizers.items():
        found |= {f"{what}/{path}/{slot}": t for path, slots in by_path.items() for slot, t in slots.items()}
    return found


def same_bits(one: Path, other: Path) -> bool:
    """Whether two runs end with the same tensors."""
    a, b = tensors(one), tensors(other)
    return a.keys() == b.keys() and all(t.numpy().tobytes() == b[name].numpy().tobytes() for name, t in a.items())


def contests(folder: Path) -> Any:
    return json.loads((folder / "contests.json").read_text())


def plain_loss(pupil: Tensor, labels: Tensor, previous: Tensor | None, siblings: list[Tensor]) -> Tensor:
    """Eq. 7 as it is written: L_cls + L_dis(M_m, M_opt) + 1/(D - 1) sum_i L_dis(M_m, M_i), averaged over images."""

    def distance(p: Tensor, q: Tensor) -> Tensor:  # Eq. 6
        return sum((p[c] * (p[c] / q[c]).log() for c in range(len(p))), torch.zeros(()))

    losses = []
    for n, label in enumerate(labels.tolist()):
        p = pupil[n].softmax(0)
        loss = -p[label].log()
        if previous is not None:
            loss = loss + distance(p, previous[n].softmax(0))
        for sibling in siblings:
            loss = loss + distance(p, sibling[n].softmax(0)) / len(siblings)
        losses.append(loss)
    return torch.stack(losses).mean()


@pytest.mark.parametrize("distill", ["none", "previous", "siblings", "both"])
def test_the_loss_is_that_of_eq_7(distill: str) -> None:
    source = torch.Generator().manual_seed(1)
    pupil, before, *others = (2 * torch.randn(6, 5, generator=source, dtype=torch.float64) for _ in range(5))
    labels = torch.randint(5, (6,), generator=source)
    pupil.requires_grad_()
    previous = before if distill in ("previous", "both") else None
    siblings = others if distill in ("siblings", "both") else []
    taught = teaching(previous, siblings, batch=3)
    assert (taught is None) == (distill == "none")
    for step, rows in enumerate((slice(0, 3), slice(3, 6))):
        loss = F.cross_entropy(pupil[rows], labels[rows])
        if taught is not None:
            loss = loss + taught.loss(pupil[rows], step)
        plain = plain_loss(
            pupil[rows], labels[rows], None if previous is None else previous[rows], [s[rows] for s in siblings]
        )
        torch.testing.assert_close(loss, plain, rtol=1e-12, atol=1e-12)
        (found,), (expected,) = (torch.autograd.grad(v, [pupil], retain_graph=True) for v in (loss, plain))
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
        assert expected.abs().max() > 1e-2


def test_parts_are_what_each_would_be_by_itself(tmp_path: Path) -> None:
    """Weights, architecture parameters, the optimisers' state, batches and random numbers are the same.

    So without teachers a part ends as if it had been trained alone behind the same first phase.
    """
    step = Compete("partition{by=edge, at=1}", TWO, groups="random", distill="none", by="loss")
    whole = run(tmp_path / "whole", *START, RunPass(NOTHING), step)
    (record,) = contests(tmp_path / "whole")
    assert record["groups"] == "random"
    assert len(record["loss"]) == 2
    alone = []
    for part in range(2):
        spec = record["split"].replace("partition{", f"partition{{part={part},")
        alone.append(run(tmp_path / str(part), *START, RunPass(spec), TWO))  # the same index, so the same seeds
        assert [[r.loss for r in alone[part].history[1:]]] == [record["loss"][part]]
        assert [[r.accuracy for r in alone[part].history[1:]]] == [record["accuracy"][part]]
    best = min(range(2), key=lambda part: record["loss"][part][-1])
    assert record["winner"] == best
    assert same_bits(tmp_path / "whole", tmp_path / str(best))
    assert sum(same_bits(tmp_path / "whole", tmp_path / str(part)) for part in range(2)) == 1
    assert whole.module.graph == alone[best].module.graph
    assert [(r.part, r.parts) for r in whole.history] == [(0, 1), (best, 2), (best, 2)]
    assert [r.loss for r in whole.history] == [r.loss for r in alone[best].history]
    assert len(whole.architecture) == 3
    _, state = load_checkpoint(tmp_path / "whole" / "checkpoint.safetensors")
    assert {int(slots["step"]) for slots in state.optimizers["arch"].values()} == {9}  # three of them before the split
    assert not list((tmp_path / "whole").glob("contest-*"))
    assert load_run(tmp_path / "whole").module == whole.module  # the part is made again from its text


def test_siblings_teach_as_they_were_when_the_epoch_began(tmp_path: Path) -> None:
    """The whole contest by hand: plain loops, plain optimisers, Eq. 7 as it is written."""
    phase = evolve(TWO, trains=("weights",), clip=None)
    start = (START[0], evolve(phase, epochs=1))
    step = Compete("partition{by=edge}", phase, groups="random", distill="both")
    run(tmp_path / "start", *start)
    run(tmp_path / "contest", *start, step)
    (record,) = contests(tmp_path / "contest")
    _, state = load_checkpoint(tmp_path / "start" / "checkpoint.safetensors")
    relaxed = run_pipeline(tiny_space(), "relax{deviation=0.5}").module
    modules = [relaxed, *(rewrite.module for rewrite in run_branches(relaxed, record["split"]))]
    assert len(modules) == 3
    sessions = []
    for module in modules:
        model = archir.lowering.torch.to_torch(module)
        model.load_state_dict({path: state.model[path] for path in model.state_dict()})
        session = begin(model, phase, data(), index=2, seed=0)
        load_optimizer_state(session.optimizers["weights"], session.learner.weights, state.optimizers["weights"])
        sessions.append(session)
    for epoch in range(2):
        batches = list(sessions[0].for_weights.batches(epoch))
        frozen = [copy.deepcopy(session.learner.model).train() for session in sessions]
        said = [[net(batch.inputs).detach() for batch in batches] for net in frozen]
        for part in (1, 2):
            session, model = sessions[part], sessions[part].learner.model.train()
            (optimizer,) = session.optimizers.values()
            for number, batch in enumerate(batches):
                optimizer.param_groups[0]["lr"] = 0.05
                loss = plain_loss(model(batch.inputs), batch.labels, said[0][number], [said[3 - part][number]])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    best = sessions[1 + record["winner"]].learner.model.state_dict()
    found = load_run(tmp_path / "contest").tensors
    assert found.keys() == best.keys()
    for path, tensor in best.items():
        torch.testing.assert_close(found[path], tensor, rtol=2e-4, atol=2e-4, msg=lambda text, path=path: path + text)


def test_each_form_of_distillation_changes_something(tmp_path: Path) -> None:
    forms: tuple[Distillation, ...] = ("none", "previous", "siblings")
    for distill in forms:
        step = Compete("partition{by=edge}", PHASE, groups="random", distill=distill)
        run(tmp_path / distill, START[0], step)
    found = [contests(tmp_path / distill)[0] for distill in forms]
    assert len({record["split"] for record in found}) == 1
    assert len({str(record["loss"]) for record in found}) == 3


@pytest.mark.parametrize("least", [1, 2])
def test_groups_come_from_gradients(least: int, tmp_path: Path) -> None:
    step = Compete("partition{at=1}", PHASE, groups="gradients", batches=2, least=least)
    result = run(tmp_path / "run", *START, step, RunPass("derive"))
    similar = json.loads((tmp_path / "run" / "similarities-2.json").read_text())
    groups = json.loads((tmp_path / "run" / "groups-2.json").read_text())
    assert similar.keys() == groups.keys() == {"normal.x.2"}
    (record,) = contests(tmp_path / "run")
    for edge, of in zip(similar["normal.x.2"], groups["normal.x.2"], strict=True):
        names, matrix = edge["operations"], torch.tensor(edge["similarity"])
        assert matrix.shape == (5, 5)
        assert sorted(n for group in of for n in group) == sorted(names)

        def cut(group: list[str], names: list[str] = names, matrix: Tensor = matrix) -> float:
            inside = torch.tensor([name in group for name in names])
            return float(matrix[inside][:, ~inside].sum())

        subsets = [[n for k, n in enumerate(names) if code >> k & 1] for code in range(1, 31)]
        subsets = [group for group in subsets if least <= len(group) <= 5 - least]
        assert of[0] in subsets
        assert cut(of[0]) == pytest.approx(min(map(cut, subsets)), abs=1e-6)
    assert record["split"].startswith("partition{at=1,groups=((normal.x.2, 0, ((")
    searched = load_searched(tmp_path / "run")
    assert searched is not None
    assert f"part={record['winner']}," in searched.history[-1]
    assert result.module.form == "network"


def test_the_first_of_equals_wins() -> None:
    def part(loss: float, accuracy: float) -> tuple[EpochRecord, ...]:
        return (EpochRecord(0, 1, 1, 0.0, 0.0, "valid", loss, accuracy, 0.1, 1.0, 1.0, 0.0),)

    parts = [part(0.9, 0.5), part(0.7, 0.6), part(0.7, 0.4), part(0.8, 0.6)]
    assert winner_of(parts, "loss") == 1
    assert winner_of(parts, "accuracy") == 1
    assert winner_of(parts[2:], "accuracy") == 1


PIPELINES = {
    "levels": ["relax{levels=2}"],
    "dst": [
        "widen{edges=some,ops=any}",
        "relax{temperature=5.0}",
        "sparsify",
        "share_features",
        "transit{rule=nonzero}",
    ],
    "transit": ["relax", "transit"],
    "one_path": ["relax{gate=gumbel_max}"],
}


@pytest.mark.parametrize("base", PIPELINES)
def test_every_relaxed_module_can_be_split(base: str, tmp_path: Path) -> None:
    passes = [RunPass(spec) for spec in PIPELINES[base]]
    step = Compete("partition{at=0}", PHASE, groups="gradients", batches=1)
    end = RunPass("derive{rule=nonzero}" if base == "dst" else "derive")
    result = run(tmp_path / "run", *passes, PHASE, step, end)
    (record,) = contests(tmp_path / "run")
    assert len(record["loss"]) == 2
    assert result.module.form == "network"
    assert len(result.history) == 2


class Killer(Silent):
    """Ends its own process without any warning: at a batch of a turn, or before the n-th file takes its name."""

    def __init__(self, when: str, first: int, second: int) -> None:
        self.when, self.first, self.second = when, first, second
        self.phases = 0
        if when == "replace":
            die_before(when, first)

    def phase(self, title: str, epochs: int, done: int) -> None:
        self.phases += 1

    def batch(self, record: BatchRecord) -> None:
        if self.when == "batch" and self.phases == 2 and (record.epoch, record.step) == (self.first, self.second):
            os.kill(os.getpid(), signal.SIGKILL)


class Listener(Silent):
    """Writes down which turns of the contest have been trained."""

    def __init__(self) -> None:
        self.turns: list[int] = []

    def epoch(self, record: EpochRecord) -> None:
        if record.parts > 1:
            self.turns.append(record.turn)


CONTEST = Compete("partition{at=1}", evolve(TWO, weights=SGD(Cosine(0.05, 0.0))), groups="gradients", batches=1)
EDGE = evolve(CONTEST, split="partition{by=edge, at=1}")
# in a part's epoch; before these take their names: groups, what a teacher says, a part, the winner, the log
POINTS = [("batch", 2, 1), ("batch", 3, 2), *(("replace", number, 0) for number in (11, 15, 19, 23, 24))]


def kill_everywhere(root: Path) -> None:
    from tests.processes import fork

    for number, point in enumerate(POINTS):
        print(fork(1, lambda: run(root / str(number), *START, EDGE, PHASE, reporter=Killer(*point))))  # noqa: B023, T201


@pytest.mark.slow
def test_a_killed_contest_goes_on(tmp_path: Path, root: Path) -> None:
    whole = run(tmp_path / "whole", *START, EDGE, PHASE)
    done = run_script(root, tmp_path, f"{SCRIPT}kill_everywhere(Path({str(tmp_path)!r}))")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[-9]"] * len(POINTS), done.stderr
    for number, point in enumerate(POINTS):
        folder, listener = tmp_path / str(number), Listener()
        result = run(folder, *START, EDGE, PHASE, resume=True, reporter=listener)
        if point[0] == "batch":
            assert listener.turns == list(range(point[1], 5))  # no finished epoch of a part again
        assert same_bits(folder, tmp_path / "whole")
        for name in ("groups-2.json", "similarities-2.json", "arch.json", "arch.jsonl", "milestones.json"):
            assert (folder / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
        assert [untimed(c) for c in contests(folder)] == [untimed(c) for c in contests(tmp_path / "whole")]
        assert [untimed(asdict(r)) for r in result.history] == [untimed(asdict(r)) for r in whole.history]
        assert result.module == whole.module
        names = [sorted(p.name for p in f.iterdir()) for f in (folder, tmp_path / "whole")]
        assert names[0] == names[1]


def untimed(record: Any) -> dict[str, Any]:
    return {k: v for k, v in record.items() if k not in ("images_per_second", "seconds", "time")}


def together(folder: Path, kind: str) -> int:
    """A contest of two parts by itself, so that nothing before it is summed over processes."""
    steps = {"both": CONTEST, "edge": evolve(EDGE, groups="random", by="loss")}
    run(folder, START[0], steps[kind])
    return 0


@pytest.mark.slow
def test_processes_share_the_parts(tmp_path: Path, root: Path) -> None:
    """Two processes for four parts, three for two: the same bits as with one."""
    runs = {"1": ("both", 1), "2": ("both", 2), "one": ("edge", 1), "three": ("edge", 3)}
    code = ";".join(f"print(fork({n}, lambda: together(Path({name!r}), {kind!r})))" for name, (kind, n) in runs.items())
    done = run_script(root, tmp_path, SCRIPT + code)
    assert done.stdout.splitlines() == ["[0]", "[0, 0]", "[0]", "[0, 0, 0]"], done.stderr
    for one, many in (("1", "2"), ("one", "three")):
        assert same_bits(tmp_path / one, tmp_path / many)
        assert [untimed(c) for c in contests(tmp_path / one)] == [untimed(c) for c in contests(tmp_path / many)]
        names = [sorted(p.name for p in (tmp_path / name).iterdir()) for name in (one, many)]
        assert names[0] == names[1]
    assert (tmp_path / "1" / "similarities-1.json").read_bytes() == (
        tmp_path / "2" / "similarities-1.json"
    ).read_bytes()


def interrupted(folder: Path) -> int:
    """A run whose second process is killed in its second part."""
    reporter = Killer("never", 0, 0)
    if announced().rank == 1:
        from archir.search import sessions

        count, real = 0, sessions.train_epoch

        def train_epoch(*arguments: Any) -> EpochRecord:
            nonlocal count
            count += 1
            if count == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments)

        sessions.train_epoch = train_epoch
    try:
        run(folder, START[0], CONTEST, reporter=reporter)
    except ArchirError as error:
        return int(error.diagnostics[0].code.removeprefix("NAS50"))
    return 0


@pytest.mark.slow
def test_a_contest_goes_on_with_another_number_of_processes(tmp_path: Path, root: Path) -> None:
    code = (
        "print(fork(1, lambda: together(Path('whole'), 'both')));"
        "print(fork(2, lambda: interrupted(Path('run'))));"
        "print(fork(1, lambda: run(Path('run'), START[0], CONTEST, resume=True)))"
    )
    done = run_script(root, tmp_path, SCRIPT + code)
    assert done.stdout.splitlines() == ["[0]", "[8, -9]", "[0]"], done.stderr
    assert same_bits(tmp_path / "whole", tmp_path / "run")
