// Stage 7, ../07_pooling/README.md, par. 2 and 3: a video is the mean of its codes.
Tensor pooled(In codes) { return codes.rows() ? column_sums(codes) / codes.rows() : zeros({0}); }
KIND(pooling) {
  return {{"pooled", pooled(codes(c.in, c["rows"]))}, {"n_points", c["rows"].rows()}}; }
