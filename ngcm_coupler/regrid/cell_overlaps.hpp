// The overlaps of one cell of a surface grid with those of a Gaussian grid, exact on the sphere.
//
// Cells of the Gaussian grid lie between meridians ("columns") and circles of latitude ("rows"),
// those of the surface grid between great circles. Every side of a surface cell is cut where it
// crosses a meridian, turns its latitude around, or crosses a circle of latitude. A piece that is
// left lies in one Gaussian cell and adds its part of two integrals round the overlap (Stokes):
//
//   area   = - contour integral of (sin(latitude) - south) d(longitude)
//   moment = contour integral of 1/2 r x dr, which is the integral of position over the area
//
// In another row of the same column the contour of the overlap runs along the circle of latitude
// nearest to the piece, and between two pieces along a meridian; those parts are added in closed
// form. No polygon is ever clipped, so that sides that turn back or touch need no special care.
// Where sides cross, part of the cell is gone round the wrong way and its area comes out negative.

#ifndef NGCM_EXCHANGE_CELL_OVERLAPS_HPP_
#define NGCM_EXCHANGE_CELL_OVERLAPS_HPP_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "sphere.hpp"

namespace ngcm {

struct Grid {
  std::int64_t nlon;
  std::vector<double> south;  // sine of the latitudes between the rows, nlat + 1
  std::vector<double> latitude;
  double spacing, west;  // of the columns, west end of the first [degrees]

  std::int64_t nlat() const { return static_cast<std::int64_t>(south.size()) - 1; }
  double meridian(std::int64_t column) const { return west + spacing * column; }
  std::int64_t column(double longitude) const {
    return static_cast<std::int64_t>(std::floor((longitude - west) / spacing));
  }
  std::int64_t row(double z) const {
    const auto above = std::upper_bound(south.begin(), south.end(), z);
    return std::min(std::max<std::int64_t>(above - south.begin() - 1, 0), nlat() - 1);
  }
};

struct Overlap {
  std::int32_t cell;
  double area;
  Vector moment;
};

// The overlaps of one surface cell, while its contour is followed.
class CellOverlaps {
 public:
  CellOverlaps(const Grid& grid, std::vector<Point> points)
      : grid_(grid), points_(std::move(points)) {
    double low = 1.0, high = -1.0;
    first_column_ = last_column_ = grid.column(points_.front().longitude);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      Point& p = points_[i];
      const Point& q = points_[(i + 1) % points_.size()];
      p.column = grid.column(p.longitude);
      first_column_ = std::min(first_column_, p.column);
      last_column_ = std::max(last_column_, p.column);
      extent_ += std::abs(q.longitude - p.longitude) * kRadian;
      const GreatCircle circle(p, q);
      const bool turns = (circle.climb(p) > 0.0) != (circle.climb(q) > 0.0);
      const bool summit = turns && circle.climb(p) > 0.0, trough = turns && !summit;
      low = std::min({low, p.r.z, trough ? -circle.top : 1.0});
      high = std::max({high, p.r.z, summit ? circle.top : -1.0});
    }
    first_row_ = grid.row(low);
    rows_ = grid.row(high) - first_row_ + 1;
    columns_ = std::min(last_column_ - first_column_ + 1, grid.nlon);
    sums_.assign(columns_ * rows_, Overlap{0, 0.0, {0.0, 0.0, 0.0}});
  }

  void follow_contour() {
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const Point& p = points_[i];
      const Point& q = points_[(i + 1) % points_.size()];
      if (is_pole(p) && is_pole(q)) {
        follow_pole(p, q);
      } else {
        cut_at_meridians(p, q);
      }
    }
  }

  // Writes the overlaps; returns the area that was gone round the wrong way, as part of the rest.
  double write(std::vector<Overlap>& out) const {
    // Longitude is known to a rounding error, and so is an area between two longitudes.
    const double negligible = 4e-16 * extent_;
    const std::size_t begin = out.size();
    double right = 0.0, wrong = 0.0;
    for (std::int64_t row = 0; row < rows_; ++row) {
      for (std::int64_t column = 0; column < columns_; ++column) {
        Overlap sum = sums_[row * columns_ + column];
        if (sum.area < -negligible) wrong -= sum.area;
        if (sum.area <= negligible) continue;
        right += sum.area;
        const std::int64_t wrapped =
            ((first_column_ + column) % grid_.nlon + grid_.nlon) % grid_.nlon;
        sum.cell = static_cast<std::int32_t>((first_row_ + row) * grid_.nlon + wrapped);
        out.push_back(sum);
      }
    }
    std::sort(out.begin() + begin, out.end(),
              [](const Overlap& a, const Overlap& b) { return a.cell < b.cell; });
    return wrong > 0.0 ? wrong / std::max(right, wrong) : 0.0;
  }

 private:
  Overlap& sum(std::int64_t row, std::int64_t column) {
    return sums_[(row - first_row_) * columns_ + (column - first_column_) % columns_];
  }
  std::int64_t end_row() const { return first_row_ + rows_; }
  std::int64_t row_of(double z) const {
    return std::min(std::max(grid_.row(z), first_row_), end_row() - 1);
  }

  // Follows a great circle from column to column.
  void cut_at_meridians(const Point& p, const Point& q) {
    const GreatCircle circle(p, q);
    const std::int64_t step = q.column > p.column ? 1 : -1;
    Point start = p;
    for (std::int64_t column = p.column; column != q.column; column += step) {
      const Point crossing = on_meridian(p, q, grid_.meridian(step > 0 ? column + 1 : column));
      cut_at_summit(circle, start, crossing, column);
      close_along_meridian(crossing, column, column + step);
      start = crossing;
    }
    cut_at_summit(circle, start, q, q.column);
  }

  // The point of a side at a longitude: where the chord pierces the plane of the meridian.
  static Point on_meridian(const Point& p, const Point& q, double longitude) {
    const double c = std::cos(longitude * kRadian), s = std::sin(longitude * kRadian);
    const double from_p = std::abs(c * p.r.y - s * p.r.x);
    const double from_q = std::abs(c * q.r.y - s * q.r.x);
    const Vector r = from_p + from_q > 0.0 ? from_q * p.r + from_p * q.r : p.r;
    const double h = std::max(c * r.x + s * r.y, 0.0), length = std::hypot(h, r.z);
    return {{h * c / length, h * s / length, r.z / length}, longitude};
  }

  // Cuts a piece where its latitude turns, so that it crosses a circle of latitude at most once.
  void cut_at_summit(const GreatCircle& circle, const Point& p, const Point& q,
                     std::int64_t column) {
    const bool upward = circle.climb(p) > 0.0;
    if (p.longitude == q.longitude || upward == (circle.climb(q) > 0.0)) {
      cut_at_latitudes(circle, p, q, column);
      return;
    }
    const Point turn = from(p, q, (upward ? 1.0 : -1.0) * circle.summit());
    cut_at_latitudes(circle, p, turn, column);
    cut_at_latitudes(circle, turn, q, column);
  }

  // A point of the piece from p to q, with its longitude.
  static Point from(const Point& p, const Point& q, const Vector& r) {
    if (p.longitude == q.longitude) return {r, p.longitude};
    const double east = p.r.x * (r.y - p.r.y) - p.r.y * (r.x - p.r.x);
    const double turned = std::atan2(east, p.r.x * r.x + p.r.y * r.y) / kRadian;
    const double whole = q.longitude - p.longitude;
    return {r, p.longitude + clamp(turned, std::min(whole, 0.0), std::max(whole, 0.0))};
  }

  // Follows a piece from row to row.
  void cut_at_latitudes(const GreatCircle& circle, const Point& p, const Point& q,
                        std::int64_t column) {
    const std::int64_t last = row_of(q.r.z);
    const bool upward = q.r.z > p.r.z;
    Point start = p;
    for (std::int64_t row = row_of(p.r.z); row != last; row += upward ? 1 : -1) {
      const Point crossing =
          from(p, q, circle.crossing(grid_.south[upward ? row + 1 : row], upward));
      add_piece(circle, start, crossing, row, column);
      start = crossing;
    }
    add_piece(circle, start, q, last, column);
  }

  // Adds a piece of a great circle that lies in one Gaussian cell. With t the tangent of half the
  // latitude, the integral of its sine over longitude is 2 atan(tan(dl / 2) (t0 + t1) / (1 + t0
  // t1)).
  void add_piece(const GreatCircle& circle, const Point& p, const Point& q, std::int64_t row,
                 std::int64_t column) {
    const double dl = (q.longitude - p.longitude) * kRadian;
    const double t0 = p.r.z / (1.0 + std::hypot(p.r.x, p.r.y));
    const double t1 = q.r.z / (1.0 + std::hypot(q.r.x, q.r.y));
    Overlap& here = sum(row, column);
    if (dl != 0.0) {
      const double integral =
          2.0 * std::atan2(std::sin(0.5 * dl) * (t0 + t1), std::cos(0.5 * dl) * (1.0 + t0 * t1));
      here.area -= integral - grid_.south[row] * dl;
    }
    const double theta = std::atan2(norm(cross_of_near(p, q)), dot(p.r, q.r));
    here.moment = here.moment + 0.5 * theta * circle.normal;
    add_arcs(p, q, dl, row, column);
  }

  // In the rows south of a piece the contour runs along their northern circle, in those north of it
  // along their southern one.
  void add_arcs(const Point& p, const Point& q, double dl, std::int64_t row, std::int64_t column) {
    if (dl == 0.0 || rows_ == 1) return;
    const auto a = direction(p), b = direction(q);
    for (std::int64_t other = first_row_; other < end_row(); ++other) {
      if (other == row) continue;
      const double z = grid_.south[other < row ? other + 1 : other];
      const double h = std::sqrt((1.0 - z) * (1.0 + z));
      Overlap& there = sum(other, column);
      there.area -= (z - grid_.south[other]) * dl;
      there.moment = there.moment + Vector{-0.5 * z * h * (b[1] - a[1]),
                                           0.5 * z * h * (b[0] - a[0]), 0.5 * h * h * dl};
    }
  }

  // Follows the arc of no length round a pole.
  void follow_pole(const Point& p, const Point& q) {
    const std::int64_t step = q.column > p.column ? 1 : -1;
    const std::int64_t row = p.r.z > 0.0 ? grid_.nlat() - 1 : 0;
    Point start = p;
    for (std::int64_t column = p.column;; column += step) {
      const bool last = column == q.column;
      const Point end = last ? q : Point{p.r, grid_.meridian(step > 0 ? column + 1 : column)};
      const double dl = (end.longitude - start.longitude) * kRadian;
      sum(row, column).area -= (p.r.z - grid_.south[row]) * dl;
      add_arcs(start, end, dl, row, column);
      if (last) return;
      close_along_meridian(end, column, column + step);
      start = end;
    }
  }

  // Where the contour goes from one column to the next, that of the overlaps in the first leaves
  // along the meridian to the latitude where the cell begins, and that in the next comes from
  // there.
  void close_along_meridian(const Point& crossing, std::int64_t left, std::int64_t entered) {
    const double c = std::cos(crossing.longitude * kRadian);
    const double s = std::sin(crossing.longitude * kRadian);
    const double latitude = std::atan2(crossing.r.z, std::hypot(crossing.r.x, crossing.r.y));
    const double begin = std::asin(points_.front().r.z);
    for (std::int64_t row = first_row_; row < end_row(); ++row) {
      const double low = grid_.latitude[row], high = grid_.latitude[row + 1];
      const double half = 0.5 * (clamp(begin, low, high) - clamp(latitude, low, high));
      const Vector part{half * s, -half * c, 0.0};
      sum(row, left).moment = sum(row, left).moment + part;
      sum(row, entered).moment = sum(row, entered).moment - part;
    }
  }

  const Grid& grid_;
  std::vector<Point> points_;
  std::int64_t first_column_, last_column_, first_row_, rows_, columns_;
  double extent_ = 0.0;
  std::vector<Overlap> sums_;
};

}  // namespace ngcm

#endif  // NGCM_EXCHANGE_CELL_OVERLAPS_HPP_
