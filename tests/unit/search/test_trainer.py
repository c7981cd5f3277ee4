from __future__ import annotations

import pytest
import torch

from archir.diagnostics import ArchirError
from archir.lowering.torch import to_torch
from archir.search.bilevel import first_order_gradients
from archir.search.data import Data
from archir.search.data.augment import standard
from archir.search.evaluation import evaluate
from archir.search.learner import Learner
from archir.search.phases import SGD, Adam, Train
from archir.search.report import BatchRecord, EpochRecord, Silent
from archir.search.schedules import Cosine, Cut, Linear, Schedule
from archir.search.trainer import Session, begin, train_epoch
from tests.build import net, network, relaxed
from tests.unit.search.small import DIGITS, SmoothNet, few_digits


@pytest.fixture(scope="module")
def data() -> Data:
    """300 digits to train on and 60 to test with."""
    return few_digits(300, 60)


def session(data: Data, phase: Train, *, seed: int = 0) -> Session:
    torch.manual_seed(7)
    return begin(SmoothNet(), phase, data, index=0, seed=seed)


def train(data: Data, phase: Train) -> tuple[Session, list[EpochRecord]]:
    made = session(data, phase)
    return made, [train_epoch(made, epoch, Silent()) for epoch in range(phase.epochs)]


@pytest.mark.parametrize("bilevel", ["first_order", "second_order", "none"])
def test_training_learns_at_every_level(data: Data, bilevel: str) -> None:
    phase = Train(epochs=8, bilevel=bilevel, batch=16, weights=SGD(Cosine(0.05, 0.005)), arch=Adam(0.01))
    before = session(data, phase).learner.arch["alpha"].detach().clone()
    made, records = train(data, phase)
    assert records[-1].train_loss < 0.75 * records[0].train_loss
    assert records[-1].accuracy > 0.6
    assert float((made.learner.arch["alpha"].detach() - before).abs().max()) > 0.02
    assert records[0].evaluated == ("test" if bilevel == "none" else "valid")
    assert [r.epoch for r in records] == list(range(1, 9))
    assert records[0].learning_rate == 0.05
    assert all(r.images_per_second > 0 for r in records)


def test_a_supernet_learns(data: Data) -> None:
    torch.manual_seed(0)
    model = to_torch(relaxed(net(DIGITS, channels=4, cells=(False,))))
    phase = Train(epochs=4, batch=16, weights=SGD(Cosine(0.2, 0.02)))
    made = begin(model, phase, data, index=0, seed=0)
    records = [train_epoch(made, epoch, Silent()) for epoch in range(4)]
    assert records[-1].train_loss < 0.9 * records[0].train_loss
    assert records[-1].train_accuracy > 0.3


def test_a_network_trains_on_all_images(data: Data) -> None:
    torch.manual_seed(0)
    model = to_torch(network(net(DIGITS, channels=4, cells=(False,), derived=True)))
    made = begin(model, Train("weights", epochs=1), data, index=0, seed=0)
    assert len(made.for_weights.images) == 300
    assert made.for_arch is None
    assert train_epoch(made, 0, Silent()).evaluated == "test"


def test_the_two_levels_see_different_images(data: Data) -> None:
    made = session(data, Train(split=0.75))
    assert made.for_arch is not None
    assert (len(made.for_weights.images), len(made.for_arch.images)) == (225, 75)
    rows = torch.cat([made.for_weights.images.pixels, made.for_arch.images.pixels]).flatten(1)
    assert len(rows.unique(dim=0)) == len(data.train.pixels.flatten(1).unique(dim=0))


def test_only_what_a_phase_trains_moves(data: Data) -> None:
    for trains, still in (("weights", "alpha"), ("arch", "out.weight")):
        start = session(data, Train(trains, epochs=1)).learner.model.state_dict()[still].clone()
        made, _ = train(data, Train(trains, epochs=1))
        after = made.learner.model.state_dict()
        moved = "out.weight" if still == "alpha" else "alpha"
        torch.manual_seed(7)
        fresh = SmoothNet().state_dict()
        assert torch.equal(after[still], start)
        assert not torch.equal(after[moved], fresh[moved])


def test_architecture_steps_begin_at_arch_from(data: Data) -> None:
    made = session(data, Train(epochs=2, arch_from=1))
    before = made.learner.arch["alpha"].detach().clone()
    train_epoch(made, 0, Silent())
    assert torch.equal(made.learner.arch["alpha"], before)
    train_epoch(made, 1, Silent())
    assert not torch.equal(made.learner.arch["alpha"], before)


class Counted(SmoothNet):
    """Counts the forward passes in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.count += self.training
        return super().forward(images)


FORWARDS = {"first_order": 1, "second_order": 4, "none": 0}


@pytest.mark.parametrize("bilevel", FORWARDS)
@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_architecture_steps_are_drawn(data: Data, bilevel: str, probability: float) -> None:
    """As many as the record says move the parameter: Adam counts them, and each costs its forward passes."""
    phase = Train(epochs=6, batch=4, bilevel=bilevel, split=0.5, arch_from=1, arch_probability=probability)
    torch.manual_seed(7)
    model = Counted()
    made = begin(model, phase, data, index=0, seed=3)
    start = model.alpha.detach().clone()
    records = [train_epoch(made, epoch, Silent()) for epoch in range(phase.epochs)]
    steps = made.for_weights.steps
    counts = [r.arch_steps for r in records]
    assert counts[0] == 0
    total = sum(count or 0 for count in counts)
    if probability in (0.0, 1.0):
        assert counts[1:] == [probability * steps] * 5
    else:  # 57 of 190 expected, with a deviation of 6.3
        assert abs(total - probability * 5 * steps) < 2.5 * (5 * steps * probability * (1 - probability)) ** 0.5
        assert len(set(counts[1:])) > 1
    adam = made.optimizers["arch"].state.get(model.alpha, {})
    assert int(adam.get("step", 0)) == total
    assert torch.equal(model.alpha.detach(), start) == (total == 0)
    assert model.count == 6 * steps + FORWARDS[bilevel] * total


def test_the_draws_follow_the_schedule_and_the_seed(data: Data) -> None:
    def counts(seed: int, schedule: Schedule) -> list[int | None]:
        made = session(data, Train(epochs=4, batch=4, arch_probability=schedule), seed=seed)
        return [train_epoch(made, epoch, Silent()).arch_steps for epoch in range(4)]

    assert counts(0, Cut(1.0, 0.0, after=40, unit="step")) == [38, 2, 0, 0]
    falling = counts(0, Linear(0.8, 0.0))
    assert falling != counts(1, Linear(0.8, 0.0))
    assert falling == pytest.approx([38 * p for p in (0.8, 0.6, 0.4, 0.2)], abs=9)


def test_a_phase_of_weights_counts_no_architecture_steps(data: Data) -> None:
    assert train(data, Train("weights", epochs=1))[1][0].arch_steps is None


def test_one_step_is_what_plain_torch_does(data: Data) -> None:
    """One architecture step and one clipped weights step, written out with torch alone."""
    phase = Train(epochs=1, batch=150, weights=SGD(0.1, 0.9, 1e-2), arch=Adam(0.01), clip=0.05)
    made = session(data, phase)
    assert made.for_weights.steps == 1
    batch = next(made.for_weights.batches(0))
    assert made.for_arch is not None
    valid = next(made.for_arch.batches(0))

    torch.manual_seed(7)
    model = SmoothNet()
    arch = torch.optim.Adam([model.alpha], lr=0.01, betas=(0.5, 0.999), weight_decay=1e-3)
    weights = torch.optim.SGD(model.trainables()["weights"].values(), lr=0.1, momentum=0.9, weight_decay=1e-2)
    alpha = first_order_gradients(Learner.of(model), valid).by_name["alpha"]
    model.alpha.grad = alpha
    arch.step()
    weights.zero_grad()
    torch.nn.functional.cross_entropy(model(batch.inputs), batch.labels).backward()
    norm = torch.nn.utils.clip_grad_norm_(model.trainables()["weights"].values(), 0.05)
    assert norm > 0.05
    weights.step()

    train_epoch(made, 0, Silent())
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(made.learner.model.state_dict()[name], tensor, rtol=1e-5, atol=1e-7)


def test_evaluation_counts_every_image_and_leaves_the_mode(data: Data) -> None:
    made = session(data, Train())
    model = made.learner.model.train()
    score = evaluate(made.learner, data.test, standard(data))
    assert model.training
    model.eval()
    inputs = (data.test.pixels.float() / 255 - data.mean[0]) / data.std[0]
    logits = model(inputs).detach()
    assert score.accuracy == pytest.approx(float((logits.argmax(1) == data.test.labels).float().mean()))
    expected = float(torch.nn.functional.cross_entropy(logits, data.test.labels))
    assert score.loss == pytest.approx(expected, rel=1e-5)


def test_training_does_not_depend_on_torchs_own_random_state(data: Data) -> None:
    phase = Train(epochs=1)
    one, two = session(data, phase), session(data, phase)
    torch.manual_seed(1)
    train_epoch(one, 0, Silent())
    torch.manual_seed(2)
    train_epoch(two, 0, Silent())
    assert all(
        torch.equal(a, b) for a, b in zip(one.learner.model.parameters(), two.learner.model.parameters(), strict=True)
    )


def test_a_loss_that_is_not_finite_ends_the_run(data: Data) -> None:
    made = session(data, Train(epochs=1, weights=SGD(1e30), clip=None))
    with pytest.raises(ArchirError) as error:
        train_epoch(made, 0, Silent())
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.code == "NAS507"
    assert diagnostic.message.endswith("is nan") or diagnostic.message.endswith("is inf")
    assert "epoch 1" in diagnostic.message
    assert "smaller learning rate" in diagnostic.help


def test_a_phase_needs_what_it_trains(data: Data) -> None:
    with pytest.raises(ArchirError, match="NAS402: this module has no architecture parameters"):
        begin(torch.nn.Linear(2, 2), Train(), data, index=0, seed=0)


def test_progress_is_told_batch_by_batch(data: Data) -> None:
    class Listener(Silent):
        def __init__(self) -> None:
            self.batches: list[BatchRecord] = []

        def batch(self, record: BatchRecord) -> None:
            self.batches.append(record)

    listener = Listener()
    record = train_epoch(session(data, Train(epochs=4)), 2, listener)
    assert [b.step for b in listener.batches] == [1, 2, 3]
    last = listener.batches[-1]
    assert (last.epoch, last.epochs, last.steps) == (3, 4, 3)
    assert (last.loss, last.accuracy) == (record.train_loss, record.train_accuracy)
