"""What a net's picture says: layers, cells and stages, equal ones once."""

from __future__ import annotations

from pathlib import Path

from archir import load
from archir.ir.printer import print_flat
from archir.passes import run_pipeline
from archir.sema import load_source
from archir.show import Drawing, drawings_of, overview_of
from archir.source import Source


def read(text: str) -> Drawing:
    return overview_of(load_source(Source("n.nas", text), None, None, {}).graph, "n")


def boxes(drawing: Drawing) -> list[str]:
    return [f"{box.label} | {box.detail}" for box in drawing.boxes]


def test_twenty_cells_are_five_boxes(root: Path) -> None:
    net = drawings_of(load(root / "spaces" / "nets" / "darts_v2.nas"))[0]
    assert boxes(net) == [
        "image | 3 × 32 × 32",
        "conv_3x3 | 108 × 32 × 32",
        "normal ×6 | 144 × 32 × 32",
        "reduce | 288 × 16 × 16",
        "normal ×6 | 288 × 16 × 16",
        "reduce | 576 × 8 × 8",
        "normal ×6 | 576 × 8 × 8",
        "global_avg_pool | 576",
        "linear | 10",
    ]
    place = {box.name: i for i, box in enumerate(net.boxes)}
    arrows = {(place[a.source], place[a.target]) for a in net.arrows}
    assert arrows == {(i, i + 1) for i in range(8)} | {(2, 4), (4, 6)}
    assert net.form == "column"


def test_stages_and_what_is_between_them(root: Path) -> None:
    net = drawings_of(load(root / "spaces" / "hs_das.nas"))[0]
    assert [b.label for b in net.boxes][2:7] == ["macro@0", "reduce", "macro@1", "reduce", "macro@2"]


def test_a_net_that_only_calls_another_is_drawn_as_that_one(root: Path) -> None:
    net = drawings_of(load(root / "spaces" / "hmnas.nas"))[0]
    assert (net.title, net.boxes[2].label) == ("hmnas", "normal ×2")


def test_a_chain_of_choices(root: Path) -> None:
    (net,) = drawings_of(load(root / "spaces" / "fbnet.nas"))
    assert net.form == "rows"
    open_layers = [box.label for box in net.boxes if box.family == "choice"]
    assert open_layers == ["9 ops", *(["8 ops"] + ["9 ops"] * 3) * 5, "8 ops"]
    assert net.notes[1:] == ("8 ops: the 9 without skip", "keep 1 op of each layer")


def test_blocks_say_what_differs_between_them(root: Path) -> None:
    (net,) = drawings_of(load(root / "spaces" / "nets" / "mnasnet_a1.nas"))
    labels = [box.label for box in net.boxes]
    assert labels[:4] == ["image", "conv_bn_relu k3", "mbconv k3 e1", "mbconv k3 e6"]
    assert "mbconv k5 e3 se_ratio=0.25" in labels


def test_a_sample_and_its_flat_form(root: Path) -> None:
    space = load(root / "spaces" / "efficientnet.nas")
    sample = run_pipeline(space, "sample{seed=2}").module
    (net,) = drawings_of(sample)
    assert [b.label for b in net.boxes][:4] == ["image", "conv_bn_act k3", "mbconv k3 e1", "mbconv k5 e6"]
    flat = load_source(Source("flat.nas", print_flat(sample)), None, None, {})  # which has no arguments
    (net,) = drawings_of(flat)
    assert [b.label for b in net.boxes][:4] == ["image", "conv_bn_act_3x3", "mbconv_k3_e1", "mbconv_k5_e6"]


def test_small_layers_belong_to_the_one_before() -> None:
    net = read(
        "net n(image: tensor[3, 8, 8]) { y = image |> conv(4, k=3) |> batch_norm |> relu\n"
        "  return relu(y) + (y |> conv(4)) |> global_avg_pool |> dropout(0.1) |> linear(2) }"
    )
    assert [b.label for b in net.boxes] == ["image", "conv_3x3", "relu", "conv", "add", "global_avg_pool", "linear"]
    assert net.form == "column"
    assert [b.role for b in net.boxes] == ["input", *["node"] * 5, "output"]


def test_a_choice_of_edges_in_a_net_has_arrows() -> None:
    net = read(
        "use ops\ncandidates c = none | skip\nnet n(image: tensor[3, 8, 8]) { a = relu(image)\n"
        "  y = choose c from a and c from conv(a) keep 1 edge\n  return y |> global_avg_pool |> linear(2) }"
    )
    name = {box.name: box.label for box in net.boxes}
    into = [(name[a.source], a.family) for a in net.arrows if name[a.target] == "y"]
    assert into == [("relu", "choice"), ("conv", "choice")]
    assert net.notes == ("on each edge: none, skip", "keep 1 edge into each node")
