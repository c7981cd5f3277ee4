"""Codes 1xx: the text."""

from archir.diagnostics.codes.code import Code

CODES = (
    Code(
        "NAS101",
        "the text does not follow the grammar",
        """
        The text cannot be read as what it should be: a .nas file, a genotype or a NAS-Bench-201 string.
        Nothing else is checked before this holds, since all that follows would be guesswork.
        Usual causes: a missing brace, two statements on one line, a colon where a block starts, a comma too few.
        The caret stands where reading stopped; the mistake is there or just before it.
        """,
        """
        net n(image: tensor[3, 32, 32]):
          return relu(image)
        """,
        """
        net n(image: tensor[3, 32, 32]) {
          return relu(image)
        }
        """,
    ),
    Code(
        "NAS102",
        "the text is nested or expanded beyond a limit",
        """
        A .nas file may come from anybody, so its size, its nesting and what it expands to are bounded.
        The help names the limit and the environment variable ARCHIR_LIMIT_... that raises it.
        Usual causes: a loop that counts too far, blocks that call each other in powers of two,
        and, rarely, a space that really is that large: then raise the limit.
        """,
        """
        block a(x) {
          for i in 0..500 { x = relu(x) }
          return x
        }
        block b(x) {
          for i in 0..500 { x = a(x) }
          return x
        }
        net n(image: tensor[3, 32, 32]) {
          for i in 0..500 { image = b(image) }
          return image
        }
        """,
        """
        block a(x) {
          for i in 0..5 { x = relu(x) }
          return x
        }
        net n(image: tensor[3, 32, 32]) {
          for i in 0..5 { image = a(image) }
          return image
        }
        """,
    ),
    Code(
        "NAS103",
        "a file cannot be read",
        """
        A file that was named is not there, is a folder, may not be read, or is not UTF-8 text.
        Usual causes: a path that starts from another folder than the one you are in, or a misspelled name.
        A name without `.nas` also means a space that archir ships, such as `darts`.
        """,
    ),
)
