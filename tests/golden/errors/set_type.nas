# RUN: check %s --set k=1.5 --set act=normal --set inner=relu --set ops=ops.skip --set kind=3 --set sizes=3 --set deep=1
use ops
candidates some = relu | skip
cell normal(x) { return x }
net n(
    image: tensor[3, 8, 8], k: int = 3, act: block = relu, inner: cell = normal, ops: candidates = some, kind: string = "a",
    sizes: list = [1], deep: bool = false,
) {
  return image
}
