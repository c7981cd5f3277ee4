"""Codes 6xx: what a module is lowered to."""

from archir.diagnostics.codes.code import Code

CODES = (
    Code(
        "NAS601",
        "only a network can be exported",
        """
        Source, ONNX and drawings of a network need one in which nothing is left to choose,
        and which the target can express. Usual causes: a space or a supernet instead of what a search found:
        `archir derive` gives the network of a run, `archir opt FILE -p "fix{point=...}"` the one at a point.
        """,
    ),
    Code(
        "NAS602",
        "weights do not belong to the network",
        """
        Weights are found by their names and must have the network's shapes; some are missing, unknown or different.
        Usual causes: weights of another network, or of the same one with other channels or cells.
        """,
    ),
    Code(
        "NAS603",
        "an export differs from the network",
        """
        An exported model is run beside the network on the same images, and the outputs must agree within
        1e-4 of the largest one. If they do not, nothing is written in its place.
        Usual causes: weights that overflow in single precision; otherwise it is a bug: please report it.
        """,
    ),
    Code(
        "NAS604",
        "a space cannot run",
        """
        The choices of a space have no gates, so nothing says how its candidates combine.
        Apply `relax` first, which gives each choice its gate, or `fix` and `sample`, which give a network.
        """,
    ),
)
