// All stages joined, ../11_end_to_end/README.md: from frames to both answers.
// Par. 4 and 5: a task, of the videos that have a label.
Named answer(In pooled, In index, In labels, In directions, double top_percent, double k) {
  Named o = fisher(index, labels, top_percent);
  const vector<long> best(o["selected"].v.begin(), o["selected"].v.end());
  const auto kept = FN(rows, transposed(picked(transposed(rows), best)));
  o.merge(search(kept(index), kept(stacked({pooled})), directions, k));
  o.merge(vote("average", o["neighbors"], o["squared_distances"], labels, directions.rows()));
  return o; }
KIND(whole) {  // par. 1 to 3
  Video video;
  const long n = c["frames"].rows();
  for (long f : range(n)) video.grey.push_back(layers(slice(c["frames"], f), 2));
  for (long f : range(n))
    video.flow.push_back(flow_of("", video.grey[max(f - 1, 0L)][0], video.grey[f][0], 2));
  Named o = follow(video);
  o.merge(describe(video, o, n));
  o["scaled"] = (o["descriptors"] - c["mean"]) / c["scale"];
  o["codes"] = codes(c.in, o["scaled"]);
  o["pooled"] = pooled(o["codes"]);
  o["n_points"] = o["codes"].rows();
  for (const string task : {"background_", "foreground_"}) {
    In labels = c[task + "labels"], directions = c[task + "directions"];
    const auto labeled = FN(t, rows_if(t, labels, FN(label, label >= 0)));
    const Named made = answer(o["pooled"], labeled(c["index"]), labeled(labels), directions,
                              c.number("top_percent"), c.number("k"));
    for (const auto& [name, t] : made) o[task + name] = t; }
  for (long k : {0, 1}) {
    o["layer_" + to_string(k)] = table(n, video.grey[0][k].shape, FN(f, video.grey[f][k]));
    o["flow_" + to_string(k)] = table(n - 1, video.flow[0][k].shape, FN(f, video.flow[f + 1][k])); }
  return o; }
