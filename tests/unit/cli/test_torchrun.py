"""The commands under torchrun, with two processes on this machine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from archir.cli.main import run
from archir.search.result import load_run
from tests.processes import free_port

SPACE = """
use ops
candidates few = none | skip | sep_conv_3x3: sep_conv(k=3)
net small(image: tensor[1, 8, 8], channels = 2, classes = 10) {
  x = image |> conv(channels, k=3) |> batch_norm
  for i in 0..2 { x = choose few from x keep 1 edge }
  return x |> global_avg_pool |> dropout(rate=0.5) |> linear(classes)
}
"""


def torchrun(root: Path, here: Path, *arguments: str) -> subprocess.Popen[str]:
    """An archir command in two processes."""
    (here / "small.nas").write_text(SPACE)
    start = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", str(free_port()), "-m", "archir"]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, *start, *arguments],
        cwd=here, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def search(folder: str, epochs: int, *more: str) -> list[str]:
    settings = ["--set", f"epochs={epochs}", "--set", "batch=127", "--threads", "1"]
    return ["search", "small.nas", "--data", "digits", *settings, "-o", folder, *more]


@pytest.mark.slow
def test_a_search_runs_unchanged(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = (process := torchrun(root, tmp_path, *search("two", 2, "--json"))).communicate()
    assert process.returncode == 0, err
    summary = json.loads(out)  # one process prints it
    assert (summary["form"], summary["finished"], summary["epochs"]) == ("network", True, 2)
    assert re.findall(r"^epoch \d/\d", err, re.MULTILINE) == ["epoch 1/2", "epoch 2/2"]
    monkeypatch.chdir(tmp_path)
    assert run(search("one", 2, "--quiet")) == 0
    names = [sorted(p.name for p in (tmp_path / folder).iterdir()) for folder in ("one", "two")]
    assert names[0] == names[1]
    one, two = load_run("one"), load_run("two")
    for name, tensor in one.tensors.items():  # float32
        np.testing.assert_allclose(two.tensors[name].numpy(), tensor.numpy(), rtol=1e-3, atol=1e-4, err_msg=name)
    assert two.history[-1].loss == pytest.approx(one.history[-1].loss, rel=1e-4)


@pytest.mark.slow
def test_an_interrupted_search_goes_on(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = torchrun(root, tmp_path, *search("run", 40, "--quiet"))
    log, deadline = tmp_path / "run" / "log.jsonl", time.monotonic() + 120
    while not (log.exists() and log.read_text()) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)  # torchrun hands it on
    _, err = process.communicate()
    assert process.returncode != 0
    assert err.count("--resume goes on from the last whole epoch in run") == 1, err
    assert not list((tmp_path / "run").glob(".archir*"))
    monkeypatch.chdir(tmp_path)
    assert 0 < len(load_run("run").history) < 40
    assert run(search("run", 40, "--quiet", "--resume")) == 0  # in one process
    assert [r.epoch for r in load_run("run").history] == list(range(1, 41))


@pytest.mark.slow
def test_an_error_is_said_once(root: Path, tmp_path: Path) -> None:
    _, err = (process := torchrun(root, tmp_path, *search("run", 1, "--set", "chanels=3"))).communicate()
    assert process.returncode == 1
    assert err.count("did you mean `channels`") == 1
    assert not (tmp_path / "run").exists()
