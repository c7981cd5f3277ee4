from __future__ import annotations

from fractions import Fraction

import pytest

from archir.diagnostics import ArchirError
from archir.proposals.targets import Target, parse_target, parse_targets, quantity


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("macs=300M", Target("macs", Fraction(300_000_000))),
        ("params=4.8M", Target("params", Fraction(4_800_000))),
        ("params = 4800k", Target("params", Fraction(4_800_000))),
        ("macs=1.25G", Target("macs", Fraction(1_250_000_000))),
        ("elements=17", Target("elements", Fraction(17))),
        ("latency=20ms", Target("latency", Fraction(20_000_000))),
        ("latency=350us", Target("latency", Fraction(350_000))),
        ("macs=60%", Target("macs", Fraction(3, 5), share=True)),
        ("latency=0.5%", Target("latency", Fraction(1, 200), share=True)),
    ],
)
def test_parse(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize(
    ("text", "said", "help_"),
    [
        ("300M", "is no target", "macs=300M"),
        ("mac=300M", "no measure `mac`", "did you mean `macs`?"),
        ("flops=300M", "no measure `flops`", "use one of macs, params, elements, latency"),
        ("peak_bytes=1M", "largest of several sums", "use `elements`"),
        ("macs=", "`` is no amount", "300M"),
        ("macs=-3", "`-3` is no amount", "300M"),
        ("macs=300MB", "`300MB` is no amount", "300M"),
        ("macs=nan", "`nan` is no amount", "300M"),
        ("macs=1e9", "`1e9` is no amount", "300M"),
        ("latency=20", "`20` is no amount of `latency`", "20ms"),
        ("macs=20ms", "`20ms` is no amount of `macs`", "300M"),
        ("macs=101%", "more than the whole range", "100% its largest"),
    ],
)
def test_errors_say_what_to_write(text: str, said: str, help_: str) -> None:
    with pytest.raises(ArchirError) as caught:
        parse_target(text)
    (found,) = caught.value.diagnostics
    assert found.code == "NAS406"
    assert said in found.message
    assert help_ in found.help


def test_targets_are_for_different_measures() -> None:
    assert [t.measure for t in parse_targets(("macs=1M", "params=2M"))] == ["macs", "params"]
    with pytest.raises(ArchirError, match="`macs` has two targets"):
        parse_targets(("macs=1M", "params=2M", "macs=50%"))
    with pytest.raises(ArchirError, match="there is no target"):
        parse_targets(())


def test_a_share_is_of_the_range() -> None:
    assert parse_target("macs=60%").between(100.0, 200.0) == 160.0
    assert parse_target("macs=0%").between(100.0, 200.0) == 100.0
    assert parse_target("macs=60").between(100.0, 200.0) == 60.0


def test_quantities_for_people() -> None:
    assert (quantity("macs", 3e8), quantity("latency", 12_345_678)) == ("300,000,000", "12.346 ms")
