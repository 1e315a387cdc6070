// Tensors and their arithmetic; their files and cases: ../README.md, "The format".
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <numeric>
#include <sstream>
#include <vector>
using std::lrint, std::map, std::max, std::min, std::string, std::to_string, std::vector;
using real = REAL;  // the working precision: compile with -DREAL=double or -DREAL=float
// FN(x, value) is the function of x that has this value, FN2(x, y, value) that of x and y.
#define FN(x, ...) [&]([[maybe_unused]] auto x) { return __VA_ARGS__; }
#define FN2(x, y, ...) [&]([[maybe_unused]] auto x, [[maybe_unused]] auto y) { return __VA_ARGS__; }

struct Tensor {  // entries in C order, the last axis the fastest; doubles, rounded to `real`
  vector<long> shape;
  vector<double> v;
  Tensor(double x = 0) : v(1, x) {}
  Tensor(vector<long> sides, vector<double> all) : shape(std::move(sides)), v(std::move(all)) {}
  long rows() const { return shape[0]; }
  long columns() const { return shape[1]; }
  template <class... Index> double& operator()(Index... at) {
    size_t place = 0, axis = 0;
    ((place = place * shape[axis++] + at), ...);
    return v[place]; }
  template <class... Index> double operator()(Index... at) const {
    return const_cast<Tensor&>(*this)(at...); }
  void append(const Tensor& t) {  // one more along the first axis, or several
    v.insert(v.end(), t.v.begin(), t.v.end());
    shape[0] += t.shape.size() == shape.size() ? t.rows() : 1; } };
using In = const Tensor&;
using Named = map<string, Tensor>;
Tensor zeros(const vector<long>& s) {
  return {s, vector<double>(std::accumulate(s.begin(), s.end(), 1L, std::multiplies<long>()))}; }
Tensor row(vector<double> entries) { return {{long(entries.size())}, entries}; }
vector<long> range(long n) {
  vector<long> numbers(n);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers; }
template <class F> Tensor grid(long rows, long columns, F f) {  // of numbers f(row, column)
  Tensor out = zeros({rows, columns});
  for (long y = 0; y < rows; ++y) for (long x = 0; x < columns; ++x) out(y, x) = real(f(y, x));
  return out; }
template <class F> Tensor table(long n, vector<long> shape, F f) {  // of tensors f(number)
  shape.insert(shape.begin(), 0);
  Tensor out = zeros(shape);
  for (long i : range(n)) out.append(f(i));
  return out; }
Tensor stacked(const vector<Tensor>& t) { return table(t.size(), t.at(0).shape, FN(i, t[i])); }
Tensor slice(In t, long i) {  // along the first axis
  const auto first = t.v.begin() + i * (t.v.size() / t.rows());
  return {{t.shape.begin() + 1, t.shape.end()}, {first, first + t.v.size() / t.rows()}}; }
Tensor last(In t, long i) {  // along the last axis
  Tensor out = zeros({t.shape.begin(), t.shape.end() - 1});
  for (long j : range(out.v.size())) out.v[j] = t.v[j * t.shape.back() + i];
  return out; }
Tensor picked(In t, const vector<long>& numbers) {
  return table(numbers.size(), {t.shape.begin() + 1, t.shape.end()}, FN(i, slice(t, numbers[i]))); }
// Entry by entry; the tensor of fewer axes, a row or a number, is repeated.
template <class F> Tensor each(In a, In b, F f) {
  Tensor out = zeros(a.shape.size() < b.shape.size() ? b.shape : a.shape);
  const size_t size = out.v.size(), n_a = a.v.size(), n_b = b.v.size();
  for (size_t i = 0, j = 0, k = 0; i < size; ++i, ++j, ++k)
    out.v[i] = real(f(a.v[j == n_a ? j = 0 : j], b.v[k == n_b ? k = 0 : k]));
  return out; }
template <class F> Tensor each(In a, F f) { return each(a, 0, FN2(x, unused, f(x))); }
Tensor operator+(In a, In b) { return each(a, b, std::plus<double>()); }
Tensor operator-(In a, In b) { return each(a, b, std::minus<double>()); }
Tensor operator*(In a, In b) { return each(a, b, std::multiplies<double>()); }
Tensor operator/(In a, In b) { return each(a, b, std::divides<double>()); }
Tensor root(In t) { return each(t, FN(x, std::sqrt(x))); }
Tensor exponential(In t) { return each(t, FN(x, std::exp(x))); }
double sum(In t) { return std::accumulate(t.v.begin(), t.v.end(), 0.0); }
double largest(In t) { return *std::max_element(t.v.begin(), t.v.end()); }
Tensor transposed(In t) { return grid(t.columns(), t.rows(), FN2(y, x, t(x, y))); }
Tensor product(In a, In b) {  // of matrices, in double; zeros of the first one cost nothing
  Tensor out = zeros({a.rows(), b.columns()});
  for (long i : range(a.rows()))
    for (long k : range(b.rows())) {
      const double share = a(i, k), *from = &b.v[k * b.columns()];
      for (long j = 0; share != 0 && j < b.columns(); ++j) out(i, j) += share * from[j]; }
  return out + 0; }
// Sums, means and deviations (n, not n - 1) of columns; 05 par. 8: means are taken from row 0 on.
Tensor column_sums(In t) { return slice(product(zeros({1, t.rows()}) + 1, t), 0); }
Tensor means(In t) { return slice(t, 0) + column_sums(t - slice(t, 0)) / t.rows(); }
Tensor deviations(In t) { return root(column_sums((t - means(t)) * (t - means(t))) / t.rows()); }

Tensor read_npy(const string& path) {
  std::ifstream file(path, std::ios::binary);
  string header;
  std::getline(file, header);
  std::istringstream sides(header.substr(header.find('(') + 1));
  vector<long> shape;
  for (long side; sides >> side; sides.ignore()) shape.push_back(side);
  Tensor out = zeros(shape);
  vector<std::int64_t> wholes(out.v.size());
  const auto is = FN(type, header.find(type + string("', 'fortran_order': False")) < header.size());
  file.read(is("<i8") ? (char*)wholes.data() : (char*)out.v.data(), 8 * wholes.size());
  if (!file || is("<i8") == is("<f8")) throw std::runtime_error(path + ": not a tensor of golden/");
  return is("<i8") ? Tensor(shape, {wholes.begin(), wholes.end()}) : out + 0; }
void write_npy(const string& path, In t, bool whole) {
  string header = whole ? "<i8" : sizeof(real) == 8 ? "<f8" : "<f4";
  header = "{'descr': '" + header + "', 'fortran_order': False, 'shape': (";
  for (long side : t.shape) header += to_string(side) + ",";
  header.append("), }").resize(117, ' ');
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream file(path, std::ios::binary);
  file << string("\x93NUMPY\1\0\x76\0", 10) << header << '\n';
  const vector<std::int64_t> wholes(t.v.begin(), t.v.end());
  const vector<real> reals(t.v.begin(), t.v.end());
  if (whole) file.write((char*)wholes.data(), 8 * wholes.size());
  if (!whole) file.write((char*)reals.data(), sizeof(real) * reals.size());
  if (!file.flush()) throw std::runtime_error("cannot write " + path); }
string word(const string& line, const string& key) {  // its value in a line of a manifest, or ""
  const size_t at = line.find("\"" + key + "\": ");
  if (at == string::npos) return "";
  const size_t start = line.find_first_not_of('"', at + key.size() + 4);
  return line.substr(start, line.find_first_of("\",}", start) - start); }
struct Case {
  string settings;           // the case's line
  Named in;                  // inputs, parameters, draws; of a trace, all it holds
  map<string, bool> output;  // names of files; true: whole numbers
  In operator[](const string& name) const { return in.at(name); }
  bool has(const string& name) const { return in.count(name); }
  double number(const string& name) const { return in.at(name).v.at(0); }
  string setting(const string& key) const { return word(settings, key); } };
// Tensors go by the names of their files, with or without axes: rows_BD, or rows.
string without_axes(const string& name) { return name.substr(0, name.rfind('_')); }
map<string, Case> read_cases(const string& folder, const string& only) {  // 08_fisher/tiny, ...
  map<string, Case> cases;
  std::ifstream manifest(folder + "/manifest.json");
  for (string line; std::getline(manifest, line);) {
    if (line.rfind("\"config\": ", 0) == 0) cases["config"].settings = line;  // of a trace
    if (line.find("\": {\"about\": ") != string::npos)
      cases[line.substr(1, line.find('"', 1) - 1)].settings = line;
    if (line.rfind("{\"file\": \"" + only, 0) != 0) continue;
    const std::filesystem::path path = word(line, "file"), name = path.stem();
    Case& c = cases[path.parent_path()];
    if (word(line, "role") == "output") c.output[name] = word(line, "dtype") == "<i8";
    if (word(line, "role") == "output" && !cases.count("config")) continue;
    c.in[name] = c.in[without_axes(name)] = read_npy(folder + "/" + string(path)); }
  return cases; }
void write(const string& folder, const Case& c, const Named& made) {  // outputs, if they are made
  for (const auto& [name, whole] : c.output) {
    const auto found = made.count(name) ? made.find(name) : made.find(without_axes(name));
    if (found != made.end()) write_npy(folder + "/" + name + ".npy", found->second, whole); } }
// What is made of a case c, by its kind: KIND(box) { return names and outputs; }
map<string, Named (*)(const Case&)> kinds;
#define KIND(name)                                                         \
  Named name##_outputs(const Case& c);                                     \
  [[maybe_unused]] const auto name##_kind = kinds[#name] = name##_outputs; \
  Named name##_outputs(const Case& c)
