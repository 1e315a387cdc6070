// Stage 9, ../09_lsh/README.md: hashing and search.
Tensor hashes(In features, In directions) {  // par. 1, (1)
  const auto of_table = FN(t, product(features, transposed(slice(directions, t))));
  return table(directions.rows(), {features.rows(), directions.columns()}, of_table); }
Named search(In index, In queries, In directions, double k) {  // par. 3 and 4
  const Tensor x = hashes(index, directions), y = hashes(queries, directions);
  const long kept = min(k, 1.0 * index.rows());
  Tensor neighbors = zeros({0, y.columns(), kept}), distances = neighbors;
  for (long t : range(x.rows())) {
    const auto left = FN(m, slice(x, t) - slice(slice(y, t), m));
    const auto d = FN(m, column_sums(transposed(left(m) * left(m))));
    const auto nearest = FN2(m, i, ranking(d(m))[i]);
    neighbors.append(grid(y.columns(), kept, nearest));
    distances.append(grid(y.columns(), kept, FN2(m, i, d(m)(nearest(m, i))))); }
  return {{"index_hashes", x}, {"query_hashes", y}, {"neighbors", neighbors},
          {"squared_distances", distances}}; }
KIND(search) {  // par. 2
  Tensor a = c["directions"];
  const bool join = c.setting("voting") == "stacked";
  if (join) a.shape = {1, a.rows() * a.columns(), a.shape[2]};
  return search(c["index"], c["queries"], a, c.number("k")); }
