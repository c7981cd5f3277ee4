from __future__ import annotations

import io

from attrs import evolve
from rich.console import Console

from archir.search.report import Bar, BatchRecord, EpochRecord, Lines, duration, reporter_for

RECORD = EpochRecord(0, 1, 3, 1.5, 0.25, "valid", 1.25, 0.5, 0.025, 1234.4, 40.0, 0.0)


def test_lines_are_one_an_epoch() -> None:
    out = io.StringIO()
    reporter = reporter_for(Console(file=out, width=40))
    assert isinstance(reporter, Lines)
    reporter.counting(1, 2, "images", "decoded")
    reporter.counting(2, 2, "images", "decoded")
    reporter.phase("training weights and arch", 3, 0)
    for step in range(5):
        reporter.batch(BatchRecord(1, 3, step + 1, 5, 1.5, 0.25, 1000.0))
    reporter.epoch(RECORD)
    reporter.close()
    assert out.getvalue() == (
        "decoded 2 images\n"
        "training weights and arch: epoch 1 to 3\n"
        "epoch 1/3  loss 1.5000  accuracy 25.00%  valid loss 1.2500  valid accuracy 50.00%  1234 images/s  1:20 left\n"
    )


def test_in_a_contest_the_epochs_of_all_parts_are_counted() -> None:
    out = io.StringIO()
    reporter = reporter_for(Console(file=out, width=40))
    reporter.phase("training 4 parts", 12, 1)
    reporter.epoch(evolve(RECORD, part=1, parts=4))
    reporter.epoch(evolve(RECORD, part=3, parts=4))  # another process has trained part 2
    lines = out.getvalue().splitlines()
    assert lines[0] == "training 4 parts: epoch 2 to 12"
    assert lines[1].startswith("epoch 2/12  part=1  loss 1.5000")
    assert lines[2].startswith("epoch 4/12  part=3  loss")
    assert [line.rpartition("images/s  ")[2] for line in lines[1:]] == ["6:40 left", "3:33 left"]


def test_a_terminal_gets_a_bar() -> None:
    out = io.StringIO()
    reporter = reporter_for(Console(file=out, width=140, force_terminal=True))
    assert isinstance(reporter, Bar)
    reporter.counting(1, 2, "images", "decoded")
    reporter.counting(2, 2, "images", "decoded")
    reporter.phase("training", 3, 0)
    for step in range(5):
        reporter.batch(BatchRecord(1, 3, step + 1, 5, 1.5, 0.25, 1000.0))
    reporter.epoch(RECORD)
    for done in range(1, 4):
        reporter.counting(done, 3, "paths", "judged")
        if done < 3:
            assert reporter._progress is not None
            assert (reporter._progress.tasks[0].completed, reporter._progress.tasks[0].total) == (done, 3)
    reporter.close()
    text = out.getvalue()
    assert "judged 3 paths" in text
    assert "epoch 1/3  loss 1.5000  accuracy 25.00%  1000 images/s" in text  # in the bar
    assert "valid accuracy 50.00%" in text  # above it
    assert text.index("decoded 2 images") < text.index("epoch 1/3")


def test_a_bar_fits_a_terminal_of_80_columns() -> None:
    out = io.StringIO()
    reporter = reporter_for(Console(file=out, width=80, force_terminal=True))
    reporter.phase("training weights and arch", 50, 9)
    reporter.batch(BatchRecord(10, 50, 1, 5, 1.5, 0.25, 12345.0))
    reporter.close()
    text = out.getvalue()
    assert "epoch 10/50  loss 1.5000  accuracy 25.00%  12345 images/s" in text
    assert ":--" in text  # the time left, before it is known
    assert "…" not in text


def test_durations() -> None:
    assert [duration(s) for s in (0, 61, 3723.4)] == ["0:00", "1:01", "1:02:03"]
