"""What the lowering may do to run faster or in less memory."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import instance_of


@frozen
class Options:
    """Choices of the lowering. None of them changes results, gradients or running statistics, but for rounding.

    What each gives is measured in docs/design/backend.md and by `archir bench`.

    prune: what reaches no output is not computed (and its running statistics stay as they are).
    share: what needs no weights of its own (ReLU, a pool and its batch norm) runs once for each source, however many
        candidates begin with it.
    fold: a coefficient becomes the scale of the batch norm that ends a candidate, and candidates are added in place.
    channels_last: maps lie in memory pixel by pixel.
    depthwise: the backward of depthwise convolutions in forms that the CPU library has fast code for.
    checkpoint: activations inside cells are computed again in the backward instead of being kept.
    """

    prune: bool = field(default=True, validator=instance_of(bool))
    share: bool = field(default=True, validator=instance_of(bool))
    fold: bool = field(default=True, validator=instance_of(bool))
    channels_last: bool = field(default=True, validator=instance_of(bool))
    depthwise: bool = field(default=True, validator=instance_of(bool))
    checkpoint: bool = field(default=False, validator=instance_of(bool))


PLAIN = Options(prune=False, share=False, fold=False, channels_last=False, depthwise=False, checkpoint=False)
"""Every option off: each candidate on each edge by itself."""
