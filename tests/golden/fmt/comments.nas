# RUN: fmt --diff %s
# a file's head


# and its second part
use ops # behind a use
const a=1  # behind a constant

candidates c(stride=1)= relu # the first
  # above the second
  | sigmoid # the second
# above a block
block b(x,k=3) { # behind an opening brace
  # above a statement
  y=relu( x )   # behind a statement

  # after an empty line
  y = relu(y)
  # between two statements, without one
  for i in 0..3 { # behind a for
    y=relu(y) }   # behind a loop
  if k==3 { y = relu(y) # inside
  } else { # behind an else
    y = sigmoid(y)
    # last in a branch
  }
  z = conv(y, # behind an argument
    8)
  return z # behind the result
  # last in a block
}
# the end
