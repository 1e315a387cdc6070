// Stages 1 to 4 of a trace, ../README.md, 6: each from what the trace holds of the ones before.
string folder_of(const string& stage, long f, long k = -1) {  // of a frame, of its layer k
  const string scale = k < 0 ? "" : "_scale_" + to_string(k);
  return stage + "/frame_" + to_string(100000 + f).substr(1) + scale; }
void trace(const map<string, Case>& cases, const string& to) {
  const string method = word(cases.at("config").settings, "flow");
  const Reader read = method == "farneback" ? bilinear_8bit : bilinear;
  const auto exchange = [&](const string& name, Named made) {  // ours is written, theirs goes on
    if (!cases.count(name)) return made;
    write(to + "/" + name, cases.at(name), made);
    for (auto& [key, t] : made) if (cases.at(name).has(key)) t = cases.at(name)[key];
    return made; };
  const auto visit = [=](const string& stage) -> Visit {
    return [=](long f, long k, Named& made) { made = exchange(folder_of(stage, f, k), made); }; };
  Video video;
  for (long f = 0; cases.count(folder_of("01_video", f, 0)); ++f) {
    vector<Tensor> grey;
    for (long k = 0; cases.count(folder_of("01_video", f, k)); ++k) {
      In theirs = cases.at(folder_of("01_video", f, k))["grey"];
      const Tensor ours = k ? resized(grey[k - 1], theirs.rows(), theirs.columns(), read) : theirs;
      grey.push_back(exchange(folder_of("01_video", f, k), {{"grey", ours}})["grey"]); }
    In before = video.grey.empty() ? grey[0] : video.grey.back()[0];
    video.flow.push_back(flow_of(method, before, grey[0], grey.size()));
    video.grey.push_back(grey);
    for (long k : range(grey.size()))
      video.flow[f][k] =
          exchange(folder_of("02_flow", f, k), {{"flow", video.flow[f][k]}})["flow"]; }
  Named o = follow(video, visit("03_trajectories"));
  o.merge(describe(video, o, video.grey.size(), visit("04_descriptors")));
  for (long f : range(video.grey.size())) {
    const auto ending = FN(t, rows_if(t, last(o["info"], 0), FN(end, end == f)));
    exchange(folder_of("04_descriptors", f), {{"info", ending(o["info"])},
                                             {"descriptors", ending(o["descriptors"])}}); } }
