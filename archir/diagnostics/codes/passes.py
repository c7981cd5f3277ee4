"""Codes 4xx: passes, learned values, points."""

from archir.diagnostics.codes.code import Code

CODES = (
    Code(
        "NAS401",
        "a pass pipeline is not well formed",
        """
        The text behind -p, or a pass in a method, names a pass or an option that there is not,
        or gives an option a value of another type. `archir passes` lists the passes,
        `archir passes NAME` the options of one; a pipeline reads `relax{levels=2},derive`.
        """,
    ),
    Code(
        "NAS402",
        "an operation does not take this module",
        """
        Passes, drawings, genotypes and the source form each take modules of some forms only:
        a space has choices, a relaxed module has gates, a network has neither.
        Usual causes: `derive` before `relax`, `relax` twice, or a network that the other format has no words for.
        """,
    ),
    Code(
        "NAS403",
        "values do not belong to the module",
        """
        Learned values (a run, a checkpoint or a JSON file) lack a name that the module has,
        or have another shape there. Usual causes: a space that was changed since the run,
        or values of a run with other settings: its folder records those that it used.
        """,
    ),
    Code(
        "NAS404",
        "a point does not belong to the module",
        """
        A point says what each choice keeps. This one names choices or candidates that the space does not have,
        leaves one open, keeps a number that is not allowed, or is a rank beyond the size of the space.
        The same code says where a network leaves the space that it should lie in.
        Usual causes: a point of another space, or of other candidates; `archir enumerate` prints right ones.
        """,
    ),
    Code(
        "NAS405",
        "a module breaks an invariant",
        """
        Modules are verified when they are read in the flat form, and after every pass: values come before
        their use, names are distinct and none is the start of another, each choice has its gate,
        a network has neither. In a text of the flat form, correct the line;
        behind a pass it is a bug of that pass: please report it with the module that went in.
        """,
        """
        module n network {
          net @n.0(%image: tensor[3, 8, 8]) {
            %x = relu(%image) : tensor[3, 8, 8]
            %x.y = relu(%x) : tensor[3, 8, 8]
            return %x.y
          }
        }
        """,
        """
        module n network {
          net @n.0(%image: tensor[3, 8, 8]) {
            %x = relu(%image) : tensor[3, 8, 8]
            %y = relu(%x) : tensor[3, 8, 8]
            return %y
          }
        }
        """,
    ),
    Code(
        "NAS406",
        "a target is not well formed",
        """
        A target is MEASURE=AMOUNT, one for each measure: `macs=300M`, `params=4.8M`, `elements=60%`, `latency=20ms`.
        A share is that of the way from the least to the largest cost of the space's networks.
        A target in time needs a latency table, since times are measured: `archir measure` writes one.
        """,
    ),
    Code(
        "NAS407",
        "no network of the space meets the targets",
        """
        Each network costs something in the ranges that `archir info` prints, and measures hang together:
        many multiply-adds with few parameters may be in no network. What is said with a range is proven, and so is
        what is said of spaces of at most 20,000 networks; that none was found is what a search came to.
        Choose targets inside the range, or as shares of it: `macs=60%`.
        """,
    ),
    Code(
        "NAS408",
        "a latency table cannot be used",
        """
        A latency table is a CSV file with the columns choice, edge, operation, input and milliseconds, and a line for
        each candidate at the shape that it gets. This one cannot be read, or was measured of another space or at
        other settings: the times of blocks depend on the size of the image. `archir measure` writes one.
        """,
    ),
    Code(
        "NAS409",
        "alternatives do not belong to the module",
        """
        `restrict` is told what stays active of a choice, `partition` in which groups. This names choices, edges or
        candidates that the module does not have or that are not active any more, groups them twice or not at all,
        or leaves a part without any point.
        Usual causes: groups of another space, or a group of `none` alone where that keeps no edge.
        """,
    ),
)
