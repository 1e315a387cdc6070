// Stage 7 of 10: a video is the mean of its codes.
#pragma once
#include "05_lsfnet.h"

// mean of encode(row) over all rows, whatever the blocks; D1 D2 (07 par. 2): summed in double precision
Array pool(const Net& net, const Array& rows) {
  const Array codes = encode(net, rows);
  const long n = codes.shape[1];
  vector<double> sums(n);
  for (long i = 0; i < codes.size(); i++) sums[i % n] += codes[i];
  Array out;
  for (double sum : sums) out.push({(real)(sum / (double)rows.shape[0])});
  return out;
}
KIND(pooling) {
  const Array rows = c.get("rows_PD");
  c.put("pooled_E", rows.shape[0] ? pool(read_net(c), rows) : Array());  // 07 par. 3
  c.put("n_points", one<int64_t>(rows.shape[0]));  // N_p, the rows of the video; D1
}
