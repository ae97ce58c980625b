// Python's entry to the overlaps of a surface grid with a Gaussian grid, over several threads.

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <future>
#include <utility>
#include <vector>

#include "cell_overlaps.hpp"

namespace py = pybind11;

namespace ngcm {
namespace {

constexpr std::int64_t kBlock = 2048;

struct Block {
  std::vector<Overlap> overlaps;
  std::vector<std::int64_t> counts;
  double most_crossed = 0.0;  // of its cells the greatest part gone round the wrong way
  std::int64_t crossed_cell = -1;
};

using Doubles = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Bools = py::array_t<bool, py::array::c_style | py::array::forcecast>;

Block overlap_block(const Grid& grid, const double* longitude, const double* latitude,
                    const bool* wanted, std::int64_t corners, std::int64_t begin,
                    std::int64_t end) {
  Block block;
  for (std::int64_t i = begin; i < end; ++i) {
    const std::size_t before = block.overlaps.size();
    if (wanted[i]) {
      std::vector<Point> polygon = ring(longitude + i * corners, latitude + i * corners, corners);
      if (polygon.size() > 2) {
        CellOverlaps cell(grid, contour(std::move(polygon)));
        cell.follow_contour();
        const double crossed = cell.write(block.overlaps);
        if (crossed > block.most_crossed) {
          block.most_crossed = crossed;
          block.crossed_cell = i;
        }
      }
    }
    block.counts.push_back(static_cast<std::int64_t>(block.overlaps.size() - before));
  }
  return block;
}

// Blocks of cells, each computed by one thread and kept in their order: the result does not depend
// on the number of threads.
std::vector<Block> overlap_blocks(const Grid& grid, const double* longitude, const double* latitude,
                                  const bool* wanted, std::int64_t cells, std::int64_t corners,
                                  int threads) {
  const std::int64_t count = (cells + kBlock - 1) / kBlock;
  std::vector<Block> blocks(count);
  std::vector<std::future<void>> workers;
  for (int worker = 0; worker < threads; ++worker) {
    workers.push_back(std::async(std::launch::async, [&, worker] {
      for (std::int64_t b = worker; b < count; b += threads) {
        blocks[b] = overlap_block(grid, longitude, latitude, wanted, corners, b * kBlock,
                                  std::min(cells, (b + 1) * kBlock));
      }
    }));
  }
  for (auto& worker : workers) worker.get();
  return blocks;
}

py::tuple overlap(const Doubles& longitude, const Doubles& latitude, const Bools& wanted,
                  const Doubles& sine_bounds, std::int64_t nlon, int threads) {
  if (longitude.ndim() != 2 || latitude.ndim() != 2 || wanted.ndim() != 1 ||
      latitude.shape(0) != longitude.shape(0) || latitude.shape(1) != longitude.shape(1) ||
      wanted.shape(0) != longitude.shape(0) || sine_bounds.size() < 2 || nlon < 3 || threads < 1) {
    throw py::value_error(
        "overlap: expected corners of shape (n, k), a truth value for each of n cells, at least 2 "
        "bounds of rows, 3 columns and 1 thread");
  }
  Grid grid{nlon,
            {sine_bounds.data(), sine_bounds.data() + sine_bounds.size()},
            {},
            360.0 / nlon,
            -180.0 / nlon};
  for (double sine : grid.south) grid.latitude.push_back(std::asin(sine));
  const std::int64_t cells = longitude.shape(0);
  std::vector<Block> blocks;
  {
    py::gil_scoped_release release;
    blocks = overlap_blocks(grid, longitude.data(), latitude.data(), wanted.data(), cells,
                            longitude.shape(1), threads);
  }
  py::array_t<std::int32_t> starts(cells + 1);
  std::int32_t* start = starts.mutable_data();
  start[0] = 0;
  for (const Block& block : blocks) {
    for (std::int64_t count : block.counts) {
      start[1] = start[0] + static_cast<std::int32_t>(count);
      ++start;
    }
  }
  const std::int64_t total = start[0];
  py::array_t<std::int32_t> columns(total);
  py::array_t<double> areas(total);
  py::array_t<double> moments({total, std::int64_t{3}});
  std::int64_t i = 0, crossed_cell = -1;
  double most_crossed = 0.0;
  for (const Block& block : blocks) {
    if (block.most_crossed > most_crossed) {
      most_crossed = block.most_crossed;
      crossed_cell = block.crossed_cell;
    }
    for (const Overlap& o : block.overlaps) {
      columns.mutable_data()[i] = o.cell;
      areas.mutable_data()[i] = o.area;
      std::copy_n(&o.moment.x, 3, moments.mutable_data() + 3 * i);
      ++i;
    }
  }
  return py::make_tuple(starts, columns, areas, moments, most_crossed, crossed_cell);
}

}  // namespace
}  // namespace ngcm

PYBIND11_MODULE(_overlap, module) {
  module.doc() = "Overlaps of the cells of a surface grid with those of a Gaussian grid.";
  module.def("overlap", &ngcm::overlap, py::arg("corner_longitude"), py::arg("corner_latitude"),
             py::arg("wanted"), py::arg("sine_bounds"), py::arg("nlon"), py::arg("threads"));
}
