"""What `archir report` says of a search, and what a network inherits from one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from attrs import evolve

from archir.cli.main import run
from archir.cli.runs import derived, network_weights
from archir.cli.train import inherited
from archir.search.checkpoint import load_checkpoint, save_checkpoint
from archir.search.result import load_run
from tests.unit.cli.test_pipeline import DATA, SPACE

METHOD = """
method tuned(epochs = 2, coefficients = true) {
  widen(edges=some, ops=any)
  relax(levels=2)
  train(weights, arch, epochs=epochs, batch=256, weights=sgd(lr=0.1), arch=adam(lr=0.02))
  derive(rule=nonzero, coefficients=coefficients)
  train(weights, epochs=1, batch=256, weights=sgd(lr=0.1), keep_zeros=true)
}
"""


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two runs that differ in their seed."""
    here = tmp_path_factory.mktemp("searched")
    (here / "small.nas").write_text(SPACE)
    (here / "tuned.nas").write_text(METHOD)
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(here)
        search = ["search", "small.nas", "--method", "tuned.nas", *DATA]
        assert run([*search, "-o", "one"]) == 0
        assert run([*search, "--seed", "1", "-o", "two"]) == 0
    return here


CONTESTS = """
method narrow() {
  relax()
  compete(partition(at=1), train(weights, epochs=2, batch=256, split=0.5), groups=random, distill=none, by=loss)
  compete(partition(at=0), train(weights, epochs=1, batch=256, split=0.5), groups=given, distill=none)
  derive()
}
"""


@pytest.fixture
def here(searched: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(searched)
    return searched


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run(["report", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.slow
def test_what_is_kept(here: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (row,) = json.loads(told(capsys, "one", "--kept", "--json"))
    # all that is not `none` is above zero
    assert row["cells"]["normal"] == {
        "operations": {"x.2": [2, 2], "x.3": [2, 2, 2]},
        "edges": {"x.2": 2, "x.3": 3},
        "edges_by_operations": [0, 0, 5],
    }
    assert json.loads((here / "one" / "kept.json").read_text()) == row["cells"]
    assert "normal: operations on an edge" in (here / "one" / "kept.svg").read_text()
    text = told(capsys, "one", "two", "--kept", "-o", str(tmp_path / "kept.svg"))
    assert "    x.3  3 of 3 edges; operations: 2 2 2\n" in text
    assert "two" in (tmp_path / "kept.svg").read_text()


@pytest.mark.slow
def test_contests(here: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (here / "narrow.nas").write_text(CONTESTS)
    assert run(["search", "small.nas", "--method", "narrow.nas", *DATA, "-o", str(tmp_path / "run")]) == 0
    picture = tmp_path / "contests.svg"
    text = told(capsys, str(tmp_path / "run"), "--contests", "-o", str(picture))
    (row,) = json.loads(told(capsys, str(tmp_path / "run"), "--contests", "--json"))
    assert row["contests"] == json.loads((tmp_path / "run" / "contests.json").read_text())
    first, second = row["contests"]
    assert first["edges"] == [["normal.x.3", e] for e in range(3)]
    assert len({str(kept) for kept in first["kept"]}) == 8
    least = min(row[-1] for row in first["loss"])
    assert first["loss"][first["winner"]][-1] == least
    assert f"  1: 8 parts, decided by loss\n    normal.x.3, edge 0  a: {' | '.join(first['kept'][0][0])}; b: " in text
    (goes_on,) = [line for line in text.split("  2: ")[0].splitlines() if "goes on" in line]
    assert goes_on.split()[0] == str(first["winner"])
    assert f"{least:.4f}" in goes_on
    assert f"  2: {len(second['loss'])} parts, decided by accuracy\n" in text
    assert "1: normal.x.3" in picture.read_text()
    spent = sum(contest["seconds"] for contest in row["contests"])
    (summary,) = json.loads(told(capsys, str(tmp_path / "run"), "--json"))
    assert summary["seconds"] == pytest.approx(spent)  # no epoch is outside of contests
    assert told(capsys, "one", "--contests") == "one: no contest is over\n"


@pytest.mark.slow
def test_milestones(here: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (row,) = json.loads(told(capsys, "one", "--milestones", "--json"))
    assert row["milestones"] == json.loads((here / "one" / "milestones.json").read_text())
    lines = told(capsys, "one", "--milestones", "-o", str(tmp_path / "a.png")).splitlines()
    assert [line.split("  ")[1] for line in lines[2:5]] == [
        "train(weights, arch) for 2 epochs", "derive{rule=nonzero, coefficients=true}", "train(weights) for 1 epoch",
    ]  # fmt: skip
    last = row["milestones"][-1]
    assert f"{last['accuracy']:.2%}" in lines[4]
    assert f"{1 - last['accuracy']:.2%}" in lines[4]
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_zeros_count_as_gone(here: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    setup, state = load_checkpoint(here / "one" / "checkpoint.safetensors")
    first = state.milestones[0]
    parts = ((0.5, 4000, 4000), (None, 4000, 3000), (0.75, 2000, 1000))
    changed = (evolve(first, accuracy=accuracy, params=n, nonzero_params=m) for accuracy, n, m in parts)
    save_checkpoint(tmp_path / "checkpoint.safetensors", setup, evolve(state, milestones=tuple(changed)))
    lines = told(capsys, str(tmp_path), "--milestones").splitlines()[2:]
    assert [line.split()[-5:] for line in lines] == [
        ["50.00%", "50.00%", "4,000", "4,000", "-"],
        ["-", "-", "4,000", "3,000", "25.0%"],
        ["75.00%", "25.00%", "2,000", "1,000", "75.0%"],
    ]


@pytest.mark.slow
def test_the_course_of_parameters(here: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = json.loads(told(capsys, "one", "two", "--arch", "beta", "--json"))
    assert [row["parameter"] for row in rows] == ["arch.normal.x.2.beta", "arch.normal.x.3.beta"]
    row = rows[1]
    assert (row["cell"], row["node"], row["edges"], row["epochs"]) == ("normal", "x.3", ["x.0", "x.1", "x.2"], [1, 2])
    weights, last = torch.tensor(row["weights"]), json.loads((here / "two" / "arch.jsonl").read_text().splitlines()[1])
    assert weights.shape == (2, 2, 3, 1)  # runs, epochs, edges
    beta = torch.tensor(last["parameters"]["arch.normal.x.3.beta"])
    torch.testing.assert_close(weights[1, 1], beta.softmax(0))
    exact = json.loads((here / "two" / "arch.json").read_text())["parameters"]["arch.normal.x.3.beta"]
    torch.testing.assert_close(beta, torch.tensor(exact), rtol=1e-5, atol=0.0)
    assert row["means"][1][1] == pytest.approx(float(beta.mean()), abs=1e-6)
    text = told(capsys, "one", "two", "--arch", "beta", "-o", str(tmp_path / "beta.svg"))
    assert "arch.normal.x.3.beta: mean " in text
    picture = (tmp_path / "beta.svg").read_text()
    assert all(f"normal: {what}" in picture for what in ("mean beta by node", "weights into x.2", "weights into x.3"))
    assert "  x.1       none 0." in told(capsys, "one", "--arch", "alpha")


@pytest.mark.slow
def test_wrong_questions(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "one", "--arch", "bet"]) == 1
    error = capsys.readouterr().err
    assert "the run in `one` has no architecture parameters `bet`" in error
    assert "did you mean `beta`" in error
    assert run(["report", "one", "--kept", "--milestones"]) == 2
    (here / "smaller.nas").write_text(SPACE.replace("2..4", "2..3"))
    other = ["search", "smaller.nas", "--method", "tuned.nas", *DATA, "--set", "epochs=1", "-o", "smaller"]
    assert run(other) == 0
    assert run(["report", "one", "smaller", "--arch", "beta"]) == 1
    assert "the runs in `one` and `smaller` have different parameters `beta`" in capsys.readouterr().err
    assert run(["train", "one/net.nas", *DATA, "--keep-zeros", "-o", "x"]) == 2
    assert "--inherit RUN" in capsys.readouterr().err


@pytest.mark.slow
def test_what_has_another_size_is_not_inherited(here: Path) -> None:
    """Behind a bottleneck a search that has not derived yet has kernels of fewer channels."""
    steps = "relax()\n bottleneck(ratio=2)\n train(weights, arch, epochs=1, batch=256)"
    (here / "narrow.nas").write_text(f"method narrow() {{ {steps} }}")
    assert run(["search", "small.nas", "--method", "narrow.nas", *DATA, "-o", "narrow"]) == 0
    module = derived(load_run("narrow")).module
    wanted, taken = network_weights(module), inherited(module, "narrow")
    assert 0 < len(taken) < len(wanted)
    assert all(tuple(t.shape) == wanted[path].shape for path, t in taken.items())


@pytest.mark.slow
def test_zeros_are_inherited_and_stay(here: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """From a run that ends with fine-tuning. What the network lacks is said."""
    found = tmp_path / "found"
    found.mkdir()
    setup, state = load_checkpoint(here / "one" / "checkpoint.safetensors")
    model = {path: t.clone() for path, t in state.model.items()}
    kernel = next(path for path, t in model.items() if t.dim() == 4 and t.numel() > 9)
    model[kernel].view(-1)[:9] = 0
    shift = next(path for path in model if path.endswith("bias"))
    del model[shift]
    save_checkpoint(found / "checkpoint.safetensors", setup, evolve(state, model=model))

    begin = ["train", str(here / "one" / "net.nas"), "--inherit", str(found), "--keep-zeros", "--epochs", "1"]
    assert run([*begin, "--data", "digits", "--threads", "1", "-o", str(tmp_path / "net")]) == 0
    out, error = capsys.readouterr()
    total = len(load_run(here / "one").tensors)
    assert f"{total - 1} of {total} tensors inherited, with 9 zeros in kernels; 1 begin anew: {shift}" in error
    params = load_run(tmp_path / "net").milestones[-1].params
    assert f"{params:,} parameters, {params - 9:,} of them not zero" in out
    trained = load_run(tmp_path / "net").tensors
    assert [(t == 0).view(-1)[:9].all() for t in trained.values() if t.dim() == 4].count(True) == 1
    assert sum(int((t == 0).sum()) for t in trained.values() if t.dim() >= 2) == 9
    (row,) = json.loads(told(capsys, str(tmp_path / "net"), "--json"))
    assert (row["params"], row["nonzero_params"]) == (params, params - 9)
    assert f"{params - 9:,}" in told(capsys, str(tmp_path / "net"))


@pytest.mark.slow
def test_a_run_in_the_middle_is_derived_as_its_method_would(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from archir.search.trainer import Session, train_epoch

    def stopping(session: Session, epoch: int, *rest: object) -> object:
        if epoch == 1:
            raise KeyboardInterrupt
        return train_epoch(session, epoch, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr("archir.search.sessions.train_epoch", stopping)
        search = ["search", "small.nas", "--method", "tuned.nas", *DATA, "--set", "coefficients=false"]
        assert run([*search, "-o", "half"]) == 130
    module = derived(load_run("half")).module
    assert module.history[-1] == "derive{rule=nonzero}"
    assert "2 edges; operations: 2 2" in told(capsys, "half", "--kept")
    assert run(["derive", "half", "-o", "half.nas"]) == 0
    assert run(["train", "half.nas", *DATA, "--inherit", "half", "--epochs", "1", "--json", "-o", "rest"]) == 0
    milestones = json.loads((here / "rest" / "milestones.json").read_text())
    assert [m["after"] for m in milestones] == ["inherited weights", "train(weights) for 1 epoch"]
