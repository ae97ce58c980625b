// The product of sparse weights with fields.
//
// The fields of a point lie side by side, so that a link reads and adds them together and results
// are written in one stream. The cost is that of the memory moved, for which one core alone is not
// enough: large products are made by two threads, half each. A row is summed by one of them, so the
// bits are those of a single one.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cstdint>
#include <thread>

namespace py = pybind11;

// Twice as many numbers an instruction where the processor can; sums are rounded alike.
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__)
#define NGCM_WIDEST __attribute__((target_clones("avx2", "default")))
#else
#define NGCM_WIDEST
#endif

namespace {

// Products of fewer sums than this are done before a second thread has started.
constexpr std::int64_t kWorthAThread = 2000000;

// Does the work from 0 to `all`, split at `middle` between two threads if that is worth it.
template <class Work>
void in_halves(bool worth_it, std::int64_t middle, std::int64_t all, const Work& work) {
  if (!worth_it) return work(0, all);
  std::thread second([&] { work(middle, all); });
  work(0, middle);
  second.join();
}

struct Product {
  const std::int32_t* starts;
  const std::int32_t* columns;
  const double* weights;
  const double* values;  // (sources, fields)
  double* result;        // (targets, fields)
  std::int64_t fields;
};

// Sums so many fields of a row as registers hold.
template <int kFields>
inline __attribute__((always_inline)) void sum_links(const Product& p, std::int64_t row,
                                                     std::int64_t field) {
  double sum[kFields] = {};
  for (std::int32_t link = p.starts[row]; link < p.starts[row + 1]; ++link) {
    const double weight = p.weights[link];
    const double* value = p.values + p.columns[link] * p.fields + field;
    for (int i = 0; i < kFields; ++i) sum[i] += weight * value[i];
  }
  double* result = p.result + row * p.fields + field;
  for (int i = 0; i < kFields; ++i) result[i] = sum[i];
}

NGCM_WIDEST void sum_rows(const Product p, std::int64_t first, std::int64_t last) {
  for (std::int64_t row = first; row < last; ++row) {
    std::int64_t field = 0;
    for (; field + 8 <= p.fields; field += 8) sum_links<8>(p, row, field);
    for (; field + 4 <= p.fields; field += 4) sum_links<4>(p, row, field);
    for (; field < p.fields; ++field) sum_links<1>(p, row, field);
  }
}

// Brings the fields of each point side by side, in tiles that stay in the cache.
void interleave(const double* apart, double* together, std::int64_t fields, std::int64_t points,
                std::int64_t first, std::int64_t last) {
  constexpr std::int64_t kTile = 16;
  for (std::int64_t tile = first; tile < last; tile += kTile) {
    const std::int64_t end = std::min(last, tile + kTile);
    for (std::int64_t field = 0; field < fields; ++field) {
      for (std::int64_t i = tile; i < end; ++i) {
        together[i * fields + field] = apart[field * points + i];
      }
    }
  }
}

using Integers = py::array_t<std::int32_t, py::array::c_style | py::array::forcecast>;
using Doubles = py::array_t<double, py::array::c_style | py::array::forcecast>;

void multiply(const Integers& starts, const Integers& columns, const Doubles& weights,
              const Doubles& values, py::array_t<double, py::array::c_style>& result,
              bool together) {
  if (values.ndim() != 2 || result.ndim() != 2 || starts.size() != result.shape(0) + 1 ||
      columns.size() != weights.size() || result.shape(1) != values.shape(together ? 1 : 0)) {
    throw py::value_error("multiply: arrays of these shapes make no product");
  }
  const std::int64_t fields = result.shape(1), targets = result.shape(0);
  const std::int64_t points = values.shape(together ? 0 : 1);
  Product product{starts.data(), columns.data(),        weights.data(),
                  values.data(), result.mutable_data(), fields};
  // numpy's memory comes in large pages.
  py::array_t<double> copy(together ? 0 : points * fields);
  double* interleaved = copy.mutable_data();
  py::gil_scoped_release release;
  const bool large = product.starts[targets] * fields >= kWorthAThread;
  if (!together) {
    in_halves(large, points / 2, points, [&](std::int64_t first, std::int64_t last) {
      interleave(values.data(), interleaved, fields, points, first, last);
    });
    product.values = interleaved;
  }
  const std::int32_t half_of_links = product.starts[targets] / 2;
  const std::int32_t* half =
      std::lower_bound(product.starts, product.starts + targets, half_of_links);
  in_halves(large, half - product.starts, targets,
            [&](std::int64_t first, std::int64_t last) { sum_rows(product, first, last); });
}

}  // namespace

PYBIND11_MODULE(_product, module) {
  module.doc() = "The product of sparse weights with fields.";
  module.def("multiply", &multiply, py::arg("starts"), py::arg("columns"), py::arg("weights"),
             py::arg("values"), py::arg("result").noconvert(), py::arg("together"));
}
