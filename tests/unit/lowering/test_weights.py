"""Weights by path: what belongs to a network, and files of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from archir.diagnostics import ArchirError, Diagnostic
from archir.ir.primitive import Weight
from archir.lowering.weights import as_array, fit_weights, load_weights, save_weights

EXPECTED = {f"w.{i}": Weight("weight", (2, 3)) for i in range(6)}


def refused(path: Path) -> Diagnostic:
    with pytest.raises(ArchirError) as caught:
        load_weights(path)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "NAS504"
    assert diagnostic.help
    return diagnostic


def unfit(given: dict[str, object]) -> list[str]:
    with pytest.raises(ArchirError) as caught:
        fit_weights(EXPECTED, given)
    assert {d.code for d in caught.value.diagnostics} == {"NAS602"}
    assert all(d.help for d in caught.value.diagnostics)
    return [d.message for d in caught.value.diagnostics]


def test_round_trip_keeps_values_shapes_and_types(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    transposed = np.arange(12, dtype=np.float64).reshape(3, 4).T
    save_weights(path, {"a.weight": transposed, "a.count": torch.tensor(7), "b": torch.ones(2, requires_grad=True)})
    loaded = load_weights(path)
    assert loaded["a.weight"].tolist() == transposed.tolist()
    assert (loaded["a.count"].shape, loaded["a.count"].dtype) == ((), np.int64)
    assert (loaded["b"].tolist(), loaded["b"].dtype) == ([1.0, 1.0], np.float32)


def test_bfloat16_becomes_single_precision() -> None:
    assert as_array(torch.tensor([1.5], dtype=torch.bfloat16)).dtype == np.float32


def test_other_tools_read_what_is_written(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    save_weights(tmp_path / "a", {"x": np.eye(2, dtype=np.float32)})
    assert load_file(tmp_path / "a")["x"].equal(torch.eye(2))


def test_missing_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "no").message == f"cannot read `{tmp_path}/no`: no such file or directory"


def test_folder(tmp_path: Path) -> None:
    assert refused(tmp_path).message == f"cannot read `{tmp_path}`: is a directory"


@pytest.mark.parametrize("keep", [0, 4, 30, -1])
def test_cut_off_file(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a"
    save_weights(path, {"x": np.eye(9, dtype=np.float32)})
    path.write_bytes(path.read_bytes()[:keep])
    assert "is not a whole safetensors file" in refused(path).message


@pytest.mark.parametrize("zipped", [True, False])
def test_pickle_is_explained_and_not_read(tmp_path: Path, zipped: bool) -> None:
    torch.save({"x": torch.ones(1)}, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    diagnostic = refused(tmp_path / "a.pth")
    assert "is a pickle" in diagnostic.message
    assert "safetensors.torch.save_file" in diagnostic.help


def test_text_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("net darts(image: tensor[3, 32, 32]) { return image }\n")
    assert "is not a whole safetensors file" in refused(tmp_path / "a").message


def test_failed_write_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArchirError, match="NAS503"):
        save_weights(tmp_path / "no" / "a", {})


def test_fitting_weights_come_in_the_order_of_the_network() -> None:
    given = {name: np.zeros((2, 3)) for name in reversed(EXPECTED)}
    assert list(fit_weights(EXPECTED, given)) == list(EXPECTED)


def test_missing_weights_are_counted_and_named() -> None:
    assert unfit({}) == ["6 of 6 weights are missing: `w.0`, `w.1`, `w.2`, ..."]


def test_one_superfluous_weight() -> None:
    given = {name: np.zeros((2, 3)) for name in (*EXPECTED, "head.bias")}
    assert unfit(given) == ["1 of 7 weights does not belong to it: `head.bias`"]


def test_everything_wrong_is_said_at_once() -> None:
    given: dict[str, object] = {name: np.zeros((2, 3)) for name in list(EXPECTED)[:4]} | {
        "w.1": np.zeros((3, 2)),
        "w.3": np.full((2, 3), "x"),
        "v": 1,
    }
    assert unfit(given) == [
        "2 of 6 weights are missing: `w.4`, `w.5`",
        "1 of 5 weights does not belong to it: `v`",
        "1 of 4 weights has a wrong shape: `w.1` is [3, 2], not [2, 3]",
        "1 of 4 weights holds no numbers: `w.3` holds <U1",
    ]
