"""What the teachers in a contest say, once an epoch, for all who learn from it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from archir.search.contest.distill import Teaching, teaching
from archir.search.contest.files import PREVIOUS, part_name
from archir.search.contest.parts import Contest
from archir.search.device import enough_memory
from archir.search.evaluation import outputs_on
from archir.search.processes import ALONE
from archir.search.sessions import session_of
from archir.search.trainer import Session


def lessons_of(contest: Contest, epoch: int, wait: Callable[[], None]) -> dict[str, Tensor]:
    """What each teacher, as it is when the epoch begins, says of the epoch's images; logits, by name.

    What a part says of the next epoch is computed where it has just been trained; only the first epoch finds none.
    `wait` returns when all processes have come to it.
    """
    files = contest.files
    for task, who in enumerate(contest.teachers()):
        if contest.is_mine(task) and not files.has_outputs(who, epoch):
            with enough_memory():
                files.save_outputs(who, epoch, outputs_on(_teacher(contest, who, task), epoch))
    wait()
    return {who: files.load_outputs(who, epoch) for who in contest.teachers()}


def _teacher(contest: Contest, who: str, part: int) -> Session:
    """A session of a teacher that has said nothing yet: of the whole module, or of a part that nothing has trained."""
    if who != PREVIOUS:
        return contest.session(part, contest.inherited(part))
    job, train = contest.job, contest.step.train
    return session_of(job, contest.index, train, contest.whole, contest.before, (), processes=ALONE)


def teaching_of(contest: Contest, part: int, lessons: dict[str, Tensor]) -> Teaching | None:
    """What all teachers of a part say to it; None without any."""
    siblings = [logits for who, logits in lessons.items() if who not in (PREVIOUS, part_name(part))]
    return teaching(lessons.get(PREVIOUS), siblings, contest.step.train.batch)
