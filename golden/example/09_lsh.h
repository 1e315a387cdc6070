// Stage 9 of 10: projections, and the K nearest among hash vectors.
#pragma once
#include "case.h"
struct Found { Ints neighbors; Array squared; };

// h(x) = a . x; h(y) = a . y; G1 G2 (09 par. 1)
Array hash(const Array& features, const Array& directions) {
  const long T = directions.shape[0], N = directions.shape[1], Q = directions.shape[2];
  Array out({T, features.shape[0], N});
  for (long t = 0; t < T; t++)
    for (long m = 0; m < features.shape[0]; m++)
      for (long n = 0; n < N; n++)
        for (long q = 0; q < Q; q++) out(t, m, n) += features(m, q) * directions(t, n, q);
  return out;
}
Array stack_tables(const Array& hashes) {  // side by side, table after table; V6 (09 par. 2)
  const long T = hashes.shape[0], M = hashes.shape[1], N = hashes.shape[2];
  Array out = image(M, T * N, [&](long m, long i) { return hashes(i / N, m, i % N); });
  out.shape = {1, M, T * N};
  return out;
}

// the K least squared distances, nearest first, of equals the lower index; G3 G4 (09 par. 4)
// sum over n of (x_n - y_n)^2, differences first; G3 (09 par. 3)
Found search(const Array& index, const Array& queries, long k) {
  const long T = index.shape[0], m = index.shape[1], N = index.shape[2], M = queries.shape[1];
  k = min(k, m);  // G4
  Found out{Ints({0, M, k}), Array({0, M, k})};
  vector<int64_t> neighbors, order(m);
  vector<real> nearest, squared(m);
  for (long t = 0; t < T; t++)
    for (long y = 0; y < M; y++) {
      for (long x = 0; x < m; x++) {
        squared[x] = 0;
        for (long n = 0; n < N; n++) {
          const real apart = index(t, x, n) - queries(t, y, n);
          squared[x] += apart * apart;
        }
      }
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](long a, long b) { return squared[a] < squared[b]; });
      for (long i = 0; i < k; i++) neighbors.push_back(order[i]), nearest.push_back(squared[order[i]]);
    }
  out.neighbors.push(neighbors), out.squared.push(nearest);
  return out;
}
KIND(search) {
  const Array directions = c.get("directions_TNQ");
  Array index = hash(c.get("index_mQ"), directions), queries = hash(c.get("queries_MQ"), directions);
  if (c.word("voting") == "stacked") index = stack_tables(index), queries = stack_tables(queries);
  const Found found = search(index, queries, (long)c.number("k"));
  c.put("index_hashes_TmN", index), c.put("query_hashes_TMN", queries);
  c.put("neighbors_TMK", found.neighbors), c.put("squared_distances_TMK", found.squared);
}
