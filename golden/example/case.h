// A case: a folder of inputs, parameters and draws (.npy), and one for its outputs.
#pragma once
#include "tensor.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

[[noreturn]] inline void fail(const string& text) { fprintf(stderr, "%s\n", text.c_str()), exit(2); }
inline string read_file(const string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path + ": cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}
inline string quoted_after(const string& text, const string& start) {
  const size_t at = text.find(start + "\""), first = at + start.size() + 1;
  return at == string::npos ? "" : text.substr(first, text.find('"', first) - first);
}

// golden/README.md, "The format": 10 bytes, a header in text, entries in C order, little-endian
template <class Stored, class T> void copy_entries(const char* data, Tensor<T>& out) {
  Stored stored;
  for (T& entry : out.v) memcpy(&stored, data, sizeof stored), entry = (T)stored, data += sizeof stored;
}
template <class T> Tensor<T> read_npy(const string& path) {
  const string data = read_file(path);
  if (data.compare(0, 8, string("\x93NUMPY\x01\x00", 8))) fail(path + ": not a .npy of version 1.0");
  const size_t head = 10 + (unsigned char)data[8] + 256 * (unsigned char)data[9];
  const string header = data.substr(10, head - 10);
  const auto says = [&](const char* text) { return header.find(text) != string::npos; };
  const size_t width = says("'<f4'") ? 4 : says("'<f8'") || says("'<i8'") ? 8 : 0;
  vector<long> shape;
  std::istringstream sides(header.substr(header.find("'shape': (") + 10));
  for (long side; sides >> side; sides.ignore(1)) shape.push_back(side);
  Tensor<T> out(shape);
  if (!width || !says("'fortran_order': False") || data.size() != head + width * out.v.size())
    fail(path + ": not a tensor of golden/");
  if (says("'<i8'")) copy_entries<int64_t>(data.data() + head, out);
  else if (width == 8) copy_entries<double>(data.data() + head, out);
  else copy_entries<float>(data.data() + head, out);
  return out;
}
template <class T> void write_npy(const string& folder, const string& name, const Tensor<T>& t) {
  string sides, descr = std::is_same_v<T, int64_t> ? "<i8" : sizeof(T) == 8 ? "<f8" : "<f4";
  for (size_t k = 0; k < t.shape.size(); k++) sides += (k ? ", " : "") + to_string(t.shape[k]);
  if (t.shape.size() == 1) sides += ",";
  string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + sides + "), }";
  header.resize(117, ' ');
  std::filesystem::create_directories(folder);
  std::ofstream file(folder + "/" + name + ".npy", std::ios::binary);
  file << string("\x93NUMPY\x01\x00\x76\x00", 10) << header << '\n';
  file.write((const char*)t.v.data(), (long)(sizeof(T) * t.v.size()));
  if (!file.flush()) fail(folder + "/" + name + ".npy: cannot be written");
}

struct Case {  // without `out`, nothing is written
  string folder, out, settings;
  string file(const string& name) const { return folder + "/" + name + ".npy"; }
  bool has(const string& name) const { return std::filesystem::exists(file(name)); }
  string word(const string& key) const { return quoted_after(settings, "\"" + key + "\": "); }
  double setting(const string& key) const {  // a number among its settings
    const size_t at = settings.find("\"" + key + "\": ");
    return at == string::npos ? 0 : strtod(settings.c_str() + at + key.size() + 4, nullptr);
  }
  Array get(const string& name) const { return read_npy<real>(file(name)); }
  Ints ints(const string& name) const { return read_npy<int64_t>(file(name)); }
  double number(const string& name) const { return read_npy<double>(file(name))[0]; }  // never single
  template <class T> void put(const string& name, const Tensor<T>& t) const {
    if (!out.empty()) write_npy(out, name, t);
  }
  Case of(const string& stage, const string& name) const {  // another case, under the same roofs
    const string end = "/" + stage + "/" + name;
    return {folder + end, out.empty() ? "" : out + end, settings};
  }
  Case of(const string& stage, long frame, long scale) const {  // of a trace; scale -1: of all
    char name[64];
    snprintf(name, sizeof name, scale < 0 ? "frame_%05ld" : "frame_%05ld_scale_%ld", frame, scale);
    return of(stage, name);
  }
};

// The ways from inputs to outputs, by the manifest's `kind`: KIND(name) { ... } defines one, of a case `c`
inline std::map<string, std::function<void(const Case&)>> kinds;
#define KIND(kind) inline void run_##kind(const Case& c); \
  static const bool kind##_known = (kinds[#kind] = run_##kind, true); inline void run_##kind(const Case& c)
