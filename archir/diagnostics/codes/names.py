"""Codes 2xx: names and parameters."""

from archir.diagnostics.codes.code import Code

CODES = (
    Code(
        "NAS201",
        "a name is not defined",
        """
        A name means nothing where it is used, or means two things from two imported files.
        Every name of a file is looked up, also in parts that no net reaches.
        Usual causes: a misspelling (the help shows the nearest known name), a missing `use ops`,
        or a value that is bound only inside a loop or a branch that did not run.
        """,
        """
        net n(image: tensor[3, 32, 32]) {
          return sep_conv(image, k=3)
        }
        """,
        """
        use ops
        net n(image: tensor[3, 32, 32]) {
          return sep_conv(image, k=3)
        }
        """,
    ),
    Code(
        "NAS202",
        "a name is defined twice",
        """
        Two definitions of a file, or two parameters of one definition, have the same name.
        Either could be meant, so neither is taken. Values are different: inside a body, `=` may rebind a name.
        Usual causes: a block that was copied to be changed and kept its name.
        """,
        """
        block act(x) { return relu(x) }
        block act(x) { return sigmoid(x) }
        net n(image: tensor[3, 32, 32]) { return act(image) }
        """,
        """
        block act(x) { return relu(x) }
        block gate(x) { return sigmoid(x) }
        net n(image: tensor[3, 32, 32]) { return act(image) }
        """,
    ),
    Code(
        "NAS203",
        "an imported file is not there",
        """
        `use a.b` means the file a/b.nas beside the file that says so, or one of archir's library.
        Usual causes: a misspelled name, or a file that was moved without what it imports.
        """,
        """
        use opps
        net n(image: tensor[3, 32, 32]) { return relu(image) }
        """,
        """
        use ops
        net n(image: tensor[3, 32, 32]) { return relu(image) }
        """,
    ),
    Code(
        "NAS204",
        "files import each other in a circle",
        """
        Following the imports leads back to the file where it started; the message lists the way.
        Files are read before what imports them, so a circle has no first one.
        The remedy is to move what both need into a third file that imports neither.
        """,
    ),
    Code(
        "NAS205",
        "a parameter is not one of the net's, or has no value that it can take",
        """
        What was given with --set, or as an argument from Python, does not fit the parameters of the net:
        there is none of that name, one without a default got nothing, or the value is of another kind.
        Usual causes: a misspelling, or a parameter that the net has and another space calls differently.
        """,
        """
        net n(image: tensor[3, 32, 32], channels) {
          return conv(image, channels)
        }
        """,
        """
        net n(image: tensor[3, 32, 32], channels = 16) {
          return conv(image, channels)
        }
        """,
    ),
)
