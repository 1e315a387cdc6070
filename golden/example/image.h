// What several stages do to images: [row, column], pixel centers at whole numbers.
double single(double x) {  // 03 par. 6; volatile, lest a compiler leave the rounding out
  volatile float rounded = float(x);
  return rounded; }
// Which of n pixels stands for pixel i: none outside, the edge's, or the mirror image about it.
using Border = long (*)(long i, long n);
long nothing(long i, long n) { return i < 0 || i >= n ? -1 : i; }
long repeated(long i, long n) { return std::clamp(i, 0L, n - 1); }
long mirrored(long i, long n) {
  return n == 1 ? 0 : i < 0 ? mirrored(-i, n) : i < n ? i : mirrored(2 * (n - 1) - i, n); }
// A matrix: row i adds up kernel[k] times line (stride i + start + k) of n.
using Kernel = vector<double>;
Tensor band(const Kernel& kernel, Border border, long n, long rows, long stride, long start) {
  Tensor out = zeros({rows, n});
  for (long i : range(rows))
    for (long k : range(kernel.size())) {
      const long line = border(stride * i + start + k, n);
      if (line >= 0) out(i, line) += kernel[k]; }
  return out; }
Tensor centered(const Kernel& kernel, Border border, long n) {
  return band(kernel, border, n, n, 1, -long(kernel.size() / 2)); }
// One matrix for rows, one for columns; one kernel along y, another along x; sums of size x size.
Tensor filter(In down, In image, In across) {
  return transposed(product(across, transposed(product(down, image)))); }
Tensor filter(In in, const Kernel& down, const Kernel& across, Border border) {
  return filter(centered(down, border, in.rows()), in, centered(across, border, in.columns())); }
Tensor sums(In in, long size, long rows, long columns, long stride, long start) {  // 02 par. 5
  return filter(band(Kernel(size, 1), nothing, in.rows(), rows, stride, start), in,
                band(Kernel(size, 1), nothing, in.columns(), columns, stride, start)); }
Tensor box(In in, long size) { return sums(in, size, in.rows(), in.columns(), 1, -(size / 2)); }
KIND(box) { return {{"sums", box(c["image"], c.number("size"))}}; }
// A kernel along y, along x; 0 where it leaves the image.
Tensor slopes_y(In in, const Kernel& kernel) {
  const long n = in.rows(), reach = kernel.size() / 2;
  const Tensor fits = grid(n, in.columns(), FN2(y, x, y >= reach && y < n - reach));
  return fits * product(centered(kernel, repeated, n), in); }
Tensor slopes_x(In in, const Kernel& k) { return transposed(slopes_y(transposed(in), k)); }
// A flow, rows x columns x (dx, dy), of its two components, and of what f makes of each.
Tensor joined(In dx, In dy) {
  Tensor out = zeros({dx.rows(), dx.columns(), 2});
  for (long i : range(out.v.size())) out.v[i] = (i % 2 ? dy : dx).v[i / 2];
  return out; }
template <class F> Tensor each_component(In flow, F f) {
  return joined(f(last(flow, 0)), f(last(flow, 1))); }
Tensor median(In in, long size) {  // 02 par. 6, of an image or of a flow's components
  if (in.shape.size() == 3) return each_component(in, FN(image, median(image, size)));
  vector<double> window(size * size);
  return grid(in.rows(), in.columns(), [&](long y, long x) {
    for (long i = 0; i < size * size; ++i)
      window[i] = in(repeated(y + i / size - size / 2, in.rows()),
                     repeated(x + i % size - size / 2, in.columns()));
    std::nth_element(window.begin(), window.begin() + size * size / 2, window.end());
    return window[size * size / 2]; }); }
KIND(median) { return {{"median", median(c["image"], c.number("size"))}}; }
// 02 par. 7: is a position in the image? What is there, by a rule for what lies between two pixels.
bool inside(In in, double x, double y) {
  return x >= 0 && x <= in.columns() - 1 && y >= 0 && y <= in.rows() - 1; }
template <class Along, class Down>
double between(In in, double x, double y, Along along, Down down) {
  x = std::clamp(x, 0.0, in.columns() - 1.0);
  y = std::clamp(y, 0.0, in.rows() - 1.0);
  const long left = x, right = min(left + 1, in.columns() - 1);
  const long top = y, bottom = min(top + 1, in.rows() - 1);
  return down(along(in(top, left), in(top, right), x - left),
              along(in(bottom, left), in(bottom, right), x - left), y - top); }
double bilinear(In in, double x, double y) {
  const auto linear = [](double a, double b, double share) { return a + share * (b - a); };
  return between(in, x, y, linear, linear); }
KIND(warp) { return {{"warped", each(c["x"], c["y"], FN2(x, y, bilinear(c["image"], x, y)))}}; }
