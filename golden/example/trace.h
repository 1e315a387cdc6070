// Stages 1 to 4 of a folder that `run.py trace` wrote. In double precision all follows from the grey frames;
// in single precision stages 3 and 4 start from the recorded layers and flows: else a track more or less
// would be no mistake.
#pragma once
#include "11_end_to_end.h"
#include <ctime>

inline void say_seconds(const char* what) {  // of the processor, since the last call
  static clock_t last = 0;
  const clock_t now = clock();
  printf("%s %.3f s\n", what, (double)(now - last) / CLOCKS_PER_SEC);
  last = now;
}
inline void run_trace(const Case& c) {
  vector<Array> frames;
  while (c.of("01_video", (long)frames.size(), 0).has("grey_HW"))
    frames.push_back(c.of("01_video", (long)frames.size(), 0).get("grey_HW"));
  say_seconds("reading");
  vector<Layer> layers = layers_of(frames, (long)c.setting("n_scales"), c.word("flow") == "farneback");
  say_seconds("02_flow");
  for (Layer& layer : layers)
    for (long f = 0; f < (long)frames.size(); f++) {
      const Case video = c.of("01_video", f, layer.scale), flow = c.of("02_flow", f, layer.scale);
      video.put("grey_HW", layer.greys[f]);
      if (f) flow.put("flow_HW2", layer.flows[f]);
      if (sizeof(real) == 4) layer.greys[f] = video.get("grey_HW");
      if (sizeof(real) == 4 && f) layer.flows[f] = flow.get("flow_HW2");
    }
  say_seconds("files");
  for (Layer& layer : layers) follow(layer, c);
  say_seconds("03_trajectories");
  describe_all(layers, (double)frames.size(), c);
  say_seconds("04_descriptors");
}
