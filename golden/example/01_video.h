// Stage 1, ../01_video/README.md: a video becomes grey frames.
KIND(grey) {  // par. 2, (1), and 3, (2)
  const Tensor r = last(c["rgb"], 0), g = last(c["rgb"], 1), b = last(c["rgb"], 2);
  const Tensor whole = each(9798 * r + 19235 * g + 3735 * b + 16384, FN(x, long(x) >> 15));
  return {{"grey", (299 * r + 587 * g + 114 * b) / 1000}, {"grey_8bit", whole}}; }
Tensor areas(long n, long n_out) {  // par. 5, (4): of n lines, what each of n_out covers
  const auto overlap = FN2(i, j, min((i + 1) * n, (j + 1) * n_out) - max(i * n, j * n_out));
  return grid(n_out, n, FN2(i, j, max(0.0, double(overlap(i, j)) / n))); }
KIND(shrink) {  // par. 4, (3)
  In in = c["frame"];
  const long h = in.rows(), w = in.columns(), longer = max(h, w), max_side = c.number("max_side");
  if (max_side <= 0 || longer <= max_side) return {{"shrunk", in}};
  const auto side = FN(n, max(1L, (2 * n * max_side + longer) / (2 * longer)));
  return {{"shrunk", filter(areas(h, side(h)), in, areas(w, side(w)))}}; }
