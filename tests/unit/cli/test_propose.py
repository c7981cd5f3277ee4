"""archir propose: what is printed, what is written, and what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from archir.analysis.expected import cost_of
from archir.cli.main import run
from archir.proposals.text import proposals_from_json
from archir.sema import load, load_source
from archir.show.scatter import Axis, Cloud
from archir.source import Source
from archir.space.points import point_from_json
from tests.processes import output_of
from tests.unit.test_imports import HEAVY

CHAIN = """
use ops
candidates mine(out, stride) = mbconv(k={3, 5}, e={1, 3}, out, stride) | skip: identity(out, stride) when legal
net chain(image: tensor[3, 16, 16], classes = 4) {
  x = conv_bn_relu(image, 8, k=3)
  for (out, n, s) in [(8, 2, 1), (16, 3, 2)] {
    for i in 0..n { x = choose mine(out=out, stride=s if i == 0 else 1) from x keep 1 op }
  }
  return x |> global_avg_pool |> linear(classes)
}
"""
TARGETS = ["--target", "macs=50%", "--target", "params=50%"]


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chain.nas").write_text(CHAIN)
    return "chain.nas"


def test_rows_are_true(chain: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["propose", chain, *TARGETS, "-m", "3", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    module = load_source(Source("chain.nas", CHAIN))
    assert (row["space"], row["seed"], len(row["proposals"])) == ("chain", 0, 3)
    for proposal in row["proposals"]:
        cost = cost_of(module, point_from_json(json.dumps(proposal["point"])))
        assert proposal["costs"] == {"params": cost.params, "macs": cost.macs, "elements": cost.elements}
        for measure, target in row["targets"].items():
            off = proposal["off"][measure]
            assert off == pytest.approx(proposal["costs"][measure] / target - 1)
            assert abs(off) <= 0.05
    assert [s["temperature"] for s in row["samples"]] == [5.0, 1.0, 0.5, 0.1]
    assert row["samples"][0]["near"] < row["samples"][-1]["near"]
    low, middle, high = row["samples"][0]["macs"]["quantiles"]
    assert low < middle < high
    assert 0 <= row["agreement"] < 1


def test_words_and_files(chain: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["propose", chain, *TARGETS, "-m", "2", "-o", "p.json", "-o", "p.svg", "-o", "p.png"]) == 0
    text = capsys.readouterr().out
    assert "`chain`: 2 proposals for macs=" in text
    assert "temperature 0.1" in text
    assert "p.json: theta of the proposals\np.svg: samples\np.png: samples\n" in text
    module = load(str(tmp_path / "chain.nas"))
    assert len(proposals_from_json((tmp_path / "p.json").read_text(), module).theta) == 2
    words = [e.text for e in ET.parse(tmp_path / "p.svg").iter() if e.tag.endswith("text")]
    assert words == [] or "temperature 5" in words
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_seed_gives_the_same_files(chain: str, tmp_path: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        output = ["-o", f"{name}.json", "-o", f"{name}.svg"]
        assert run(["propose", chain, *TARGETS, "-m", "2", "--seed", seed, *output]) == 0
    for suffix in ("json", "svg"):
        a, b, c = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in "abc")
        assert a == b
        assert a != c


def test_the_picture_has_the_first_target_upwards(chain: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[list[Cloud], Axis, Axis]] = []
    monkeypatch.setattr("archir.show.scatter.save_scatter", lambda _path, *rest: drawn.append(rest))
    assert run(["propose", chain, *TARGETS, "-m", "2", "-o", "p.svg"]) == 0
    ((clouds, across, upwards),) = drawn
    assert (across.name, upwards.name) == ("parameters", "multiply-adds")
    assert np.median(clouds[-1].points, axis=0).tolist() == pytest.approx([across.target, upwards.target], rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 2, "Missing option '--target'"),
        (["--target", "macs=50%", "-m", "0"], 2, "not in the range"),
        (["--target", "macs=50%", "-o", "a.svg"], 1, "needs two targets"),
        ([*TARGETS, "-o", "a.pdf"], 1, "a.pdf"),
        (["--target", "latency=1ms"], 1, "needs a latency table"),
        (["--target", "latency=1ms", "--latency", "none.csv"], 1, "`none.csv` cannot be read: no such file"),
        (["--target", "macs=9G"], 1, "macs can be"),
        ([*TARGETS, "-m", "4", "-o", "nowhere/a.json"], 1, "cannot write `nowhere/a.json`"),
    ],
)
def test_what_is_wrong(
    chain: str, arguments: list[str], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["propose", chain, *arguments]) == status
    assert said in capsys.readouterr().err


def test_fbnet_in_a_process_of_its_own_without_torch() -> None:
    """Eight proposals in less than 10 s (half a second on an idle core), loading included."""
    script = (
        "import sys; from archir.cli.main import run\n"
        "status = run(['propose', 'fbnet', '--target', 'macs=300M', '--target', 'params=4.8M', '-m', '8', '--json'])\n"
        f"assert not {HEAVY} & set(sys.modules)\n"
        "sys.exit(status)"
    )
    row = json.loads(output_of(script))
    assert row["seconds"] < 10
    assert len({json.dumps(p["point"]) for p in row["proposals"]}) == 8
    assert max(row["samples"][-1][m]["median_miss"] for m in ("macs", "params")) <= 0.02
