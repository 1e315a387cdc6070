// Stage 9, ../09_lsh/README.md: hashing and search.
Tensor hashes(In features, In directions) {  // par. 1, (1)
  const auto of_table = FN(t, product(features, transposed(slice(directions, t))));
  return table(directions.rows(), {features.rows(), directions.columns()}, of_table); }
Named search(In index, In queries, In directions, double k) {  // par. 3 and 4
  const Tensor x = hashes(index, directions), y = hashes(queries, directions);
  const long kept = min(k, 1.0 * index.rows());
  Tensor neighbors = zeros({0, kept}), distances = neighbors;
  for (long t : range(x.rows())) for (long m : range(y.columns())) {
    const Tensor off = transposed(slice(x, t) - slice(slice(y, t), m)), d = column_sums(off * off);
    vector<long> order = ranking(d);
    order.resize(kept);
    neighbors.append(row({order.begin(), order.end()}));
    distances.append(picked(d, order)); }
  neighbors.shape = distances.shape = {x.rows(), y.columns(), kept};
  return {{"index_hashes", x}, {"query_hashes", y}, {"neighbors", neighbors},
          {"squared_distances", distances}}; }
KIND(search) {  // par. 2
  Tensor a = c["directions"];
  const bool join = c.setting("voting") == "stacked";
  if (join) a.shape = {1, a.rows() * a.columns(), a.shape[2]};
  return search(c["index"], c["queries"], a, c.number("k")); }
