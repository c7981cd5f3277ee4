"""Codes 3xx: values, calls and types."""

from archir.diagnostics.codes.code import Code

CODES = (
    Code(
        "NAS301",
        "a candidate does not fit its edge",
        """
        All candidates of an edge must give the type that the choice has, since their outputs are added
        or stand in for each other. Usual causes: a stride or a number of channels that one candidate ignores,
        or an identity on an edge that changes the shape. Give the candidate what the others get,
        or write `when legal` behind it: this drops it where it does not fit.
        """,
        """
        block same(x, stride) { return x }
        candidates ops(stride) = conv(8, k=3, stride) | same(stride)
        cell c(x) { return choose ops(2) from x keep 1 op }
        net n(image: tensor[8, 32, 32]) { return c(image) }
        """,
        """
        block same(x, stride) { return x }
        candidates ops(stride) = conv(8, k=3, stride) | same(stride) when legal
        cell c(x) { return choose ops(2) from x keep 1 op }
        net n(image: tensor[8, 32, 32]) { return c(image) }
        """,
    ),
    Code(
        "NAS302",
        "a call has wrong arguments",
        """
        A call has too many arguments or too few, one twice, one by a name that there is not,
        or a value that this parameter cannot take. `archir ops` lists what primitives and blocks take.
        A wrong argument is an error even under `when legal`: it would be wrong everywhere.
        """,
        """
        net n(image: tensor[3, 32, 32]) {
          return conv(image, 16, kernel=3)
        }
        """,
        """
        net n(image: tensor[3, 32, 32]) {
          return conv(image, 16, k=3)
        }
        """,
    ),
    Code(
        "NAS303",
        "operands do not fit a primitive",
        """
        The tensors that a primitive gets have types that it cannot combine or transform.
        Types are known before anything is built, so this is found in every branch, not in the one that runs first.
        Usual causes: a sum of tensors of different sizes, groups that do not divide the channels,
        a linear layer on a picture that was not pooled.
        """,
        """
        net n(image: tensor[3, 32, 32]) {
          return linear(image, 10)
        }
        """,
        """
        net n(image: tensor[3, 32, 32]) {
          return linear(global_avg_pool(image), 10)
        }
        """,
    ),
    Code(
        "NAS304",
        "a value has the wrong kind",
        """
        A number stands where a tensor, a list, a condition or a definition is needed, or the other way round.
        Usual causes: a range that is used as a number, a condition that is not a comparison,
        a call whose result is not used.
        """,
        """
        net n(image: tensor[3, 32, 32], cells = 4) {
          for i in cells { image = relu(image) }
          return image
        }
        """,
        """
        net n(image: tensor[3, 32, 32], cells = 4) {
          for i in 0..cells { image = relu(image) }
          return image
        }
        """,
    ),
    Code(
        "NAS305",
        "an index is out of range",
        """
        A list has no such place, or an indexed name has no value there yet. Slices are checked as well:
        a window that reaches below 0 is an error, not an empty list.
        Usual causes: an end that is counted as the last one (`0..4` is 0, 1, 2, 3), or a node that comes later.
        """,
        """
        net n(image: tensor[3, 32, 32]) {
          x[0] = relu(image)
          return x[1]
        }
        """,
        """
        net n(image: tensor[3, 32, 32]) {
          x[0] = relu(image)
          return x[0]
        }
        """,
    ),
    Code(
        "NAS306",
        "a `require` does not hold",
        """
        The author of a block stated what it needs, and this call does not meet it.
        The notes lead from the condition to the call. Change the call, or, where the block is a candidate
        that may be left out, write `when legal` behind it.
        """,
        """
        block half(x) {
          require x.height % 2 == 0
          return max_pool(x, stride=2)
        }
        net n(image: tensor[3, 33, 33]) { return half(image) }
        """,
        """
        block half(x) {
          require x.height % 2 == 0
          return max_pool(x, stride=2)
        }
        net n(image: tensor[3, 32, 32]) { return half(image) }
        """,
    ),
    Code(
        "NAS307",
        "a choice is not well formed",
        """
        A choice keeps more than there is or nothing at all, has no edges, two candidates of one name,
        or its instances, which share architecture parameters, do not agree about their candidates.
        Usual causes: `keep 2 edges` in a cell whose first node has one input, or options that differ by instance:
        tags (`cell@(i)(...)`) give each instance its own parameters.
        """,
        """
        candidates ops = relu | sigmoid
        cell c(x, y) { return choose ops from [x, y] keep 3 edges }
        net n(image: tensor[3, 32, 32]) { return c(image, image) }
        """,
        """
        candidates ops = relu | sigmoid
        cell c(x, y) { return choose ops from [x, y] keep 2 edges }
        net n(image: tensor[3, 32, 32]) { return c(image, image) }
        """,
    ),
    Code(
        "NAS308",
        "a definition calls itself",
        """
        A block, a cell or a constant needs itself to be known, directly or through others.
        A network has finitely many operations, so definitions may not recur; repetition is a `for`.
        """,
        """
        block twice(x) { return twice(relu(x)) }
        net n(image: tensor[3, 32, 32]) { return twice(image) }
        """,
        """
        block twice(x) {
          for i in 0..2 { x = relu(x) }
          return x
        }
        net n(image: tensor[3, 32, 32]) { return twice(image) }
        """,
    ),
    Code(
        "NAS309",
        "a definition returns nothing",
        """
        A body ended without a `return`, or what the net returns is no tensor.
        Usual causes: a `return` in one branch of an `if` only, or a last line that computes a value and drops it.
        """,
        """
        net n(image: tensor[3, 32, 32]) {
          x = relu(image)
        }
        """,
        """
        net n(image: tensor[3, 32, 32]) {
          x = relu(image)
          return x
        }
        """,
    ),
)
