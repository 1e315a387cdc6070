// A whole port of the ten stages; it cites the pages golden/NN_stage/README.md: "02 par. 7" is paragraph
// 7 of golden/02_flow/README.md. Standard C++17, no library. One text, two precisions: -DREAL=double (the
// default) or -DREAL=float. Compile with -ffp-contract=off.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <vector>
#ifndef REAL
#define REAL double
#endif
using real = REAL;
using std::max, std::min, std::string, std::to_string, std::vector;

template <class T> struct Tensor {  // entries in C order: the last axis is the fastest
  vector<long> shape;
  vector<T> v;
  Tensor(vector<long> sides = {0}) : shape(sides), v(count(0)) {}
  long count(size_t axis) const { return axis < shape.size() ? shape[axis] * count(axis + 1) : 1; }
  long size() const { return (long)v.size(); }
  T& operator[](long i) { return v[i]; }
  T operator[](long i) const { return v[i]; }
  template <class... I> long at(I... i) const {
    long place = 0, axis = 0;
    return ((place = place * shape[axis++] + i), ...);
  }
  template <class... I> T& operator()(I... i) { return v[at(i...)]; }
  template <class... I> T operator()(I... i) const { return v[at(i...)]; }
  Tensor part(long i) const {  // entry i of the first axis
    Tensor out(vector<long>(shape.begin() + 1, shape.end()));
    return std::copy_n(v.begin() + i * out.size(), out.size(), out.v.begin()), out;
  }
  void push(const vector<T>& more) {  // one entry of the first axis, or several
    shape[0] += (long)more.size() / count(1);
    v.insert(v.end(), more.begin(), more.end());
  }
};
template <class T> Tensor<T> stacked(const vector<Tensor<T>>& parts) {  // along a new first axis
  vector<long> shape = parts[0].shape;
  shape.insert(shape.begin(), 0);
  Tensor<T> out(shape);
  for (const Tensor<T>& part : parts) out.push(part.v);
  return out;
}
using Array = Tensor<real>;
using Ints = Tensor<int64_t>;
template <class T> Tensor<T> one(T x) {
  Tensor<T> out(vector<long>{});
  return out[0] = x, out;
}
template <class F> Array image(long h, long w, F f) {  // of f(y, x)
  Array out({h, w});
  for (long y = 0; y < h; y++) for (long x = 0; x < w; x++) out(y, x) = f(y, x);
  return out;
}
template <class F, class... A> Array map(F f, const Array& a, const A&... more) {  // entry by entry
  Array out(a.shape);
  for (long i = 0; i < a.size(); i++) out[i] = f(a[i], more[i]...);
  return out;
}
inline real times(real a, real b) { return a * b; }
inline real minus(real a, real b) { return a - b; }
inline long nearest_even(double x) { return std::lrint(x); }  // halves to even: the default mode
inline long clamp(long x, long low, long high) { return x < low ? low : x > high ? high : x; }
inline real single(real x) { volatile float kept = (float)x; return kept; }  // 03 par. 6
