// Points, sides and contours of cells on the unit sphere.

#ifndef NGCM_EXCHANGE_SPHERE_HPP_
#define NGCM_EXCHANGE_SPHERE_HPP_

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace ngcm {

inline constexpr double kRadian = M_PI / 180.0;
// A corner nearer to a pole than a few micrometres is the pole: it has no longitude.
inline constexpr double kPoleDistance = 1e-12;

struct Vector {
  double x, y, z;
};

inline Vector operator+(const Vector& a, const Vector& b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
inline Vector operator-(const Vector& a, const Vector& b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
inline Vector operator*(double s, const Vector& a) { return {s * a.x, s * a.y, s * a.z}; }
inline double dot(const Vector& a, const Vector& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vector cross(const Vector& a, const Vector& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline double norm(const Vector& a) { return std::sqrt(dot(a, a)); }
inline double clamp(double value, double low, double high) {
  return std::min(std::max(value, low), high);
}

// A point of the contour. Its longitude [degrees] is counted on, not wrapped, round the cell.
struct Point {
  Vector r;
  double longitude;
  std::int64_t column = 0;
};

inline Point point_at(double longitude, double latitude) {
  const double lambda = longitude * kRadian, phi = latitude * kRadian;
  const double c = std::cos(phi);
  if (c < kPoleDistance) return {{0.0, 0.0, latitude > 0.0 ? 1.0 : -1.0}, longitude};
  return {{c * std::cos(lambda), c * std::sin(lambda), std::sin(phi)}, longitude};
}

inline bool is_pole(const Point& p) { return p.r.x == 0.0 && p.r.y == 0.0; }

// Where a point lies on the unit circle of its longitude.
inline std::array<double, 2> direction(const Point& p) {
  const double h = std::hypot(p.r.x, p.r.y);
  if (h > kPoleDistance) return {p.r.x / h, p.r.y / h};
  return {std::cos(p.longitude * kRadian), std::sin(p.longitude * kRadian)};
}

// r_p x r_q without the cancellation between near points.
inline Vector cross_of_near(const Point& p, const Point& q) { return cross(p.r, q.r - p.r); }

// The corners of a cell, counter-clockwise, without repeated ones.
inline std::vector<Point> ring(const double* longitude, const double* latitude,
                               std::int64_t count) {
  std::vector<Point> corners;
  for (std::int64_t i = 0; i < count; ++i) corners.push_back(point_at(longitude[i], latitude[i]));
  const auto same = [](const Point& a, const Point& b) { return norm(a.r - b.r) < 1e-13; };
  corners.erase(std::unique(corners.begin(), corners.end(), same), corners.end());
  while (corners.size() > 1 && same(corners.front(), corners.back())) corners.pop_back();
  Vector normal{0, 0, 0}, middle{0, 0, 0};
  for (std::size_t i = 0; i < corners.size(); ++i) {
    normal = normal + cross_of_near(corners[i], corners[(i + 1) % corners.size()]);
    middle = middle + corners[i].r;
  }
  if (dot(normal, middle) < 0.0) std::reverse(corners.begin(), corners.end());
  return corners;
}

// The contour of a cell as points at continuous longitudes. A corner at a pole becomes an arc round
// the pole between the longitudes of its neighbours. If the cell has a pole inside, the contour
// goes up the meridian of its first corner, back round the pole, and down again.
inline std::vector<Point> contour(std::vector<Point> corners) {
  const auto first =
      std::find_if(corners.begin(), corners.end(), [](const Point& p) { return !is_pole(p); });
  std::rotate(corners.begin(), first, corners.end());
  const std::size_t count = corners.size();
  std::vector<Point> points{corners.front()};
  for (std::size_t i = 1; i <= count; ++i) {
    Point next = corners[i % count];
    const double longitude = points.back().longitude;
    if (is_pole(next)) {
      next.longitude = longitude;
    } else {
      next.longitude = longitude + std::remainder(next.longitude - longitude, 360.0);
      if (is_pole(points.back())) points.push_back({points.back().r, next.longitude});
    }
    points.push_back(next);
  }
  const double winding = points.back().longitude - points.front().longitude;
  if (std::abs(winding) < 180.0) {
    points.pop_back();
  } else {
    const Vector pole{0.0, 0.0, winding > 0.0 ? 1.0 : -1.0};
    points.push_back({pole, points.back().longitude});
    points.push_back({pole, points.front().longitude});
  }
  return points;
}

// The great circle through two points: how it runs, and where it is farthest north and south.
struct GreatCircle {
  Vector normal;
  double top;  // greatest sine of latitude

  GreatCircle(const Point& p, const Point& q) : normal(cross_of_near(p, q)) {
    const double length = norm(normal);
    normal = length > 0.0 ? (1.0 / length) * normal : Vector{0.0, 0.0, 1.0};
    top = std::hypot(normal.x, normal.y);
  }
  double climb(const Point& p) const { return normal.x * p.r.y - normal.y * p.r.x; }
  Vector summit() const { return {-normal.x * normal.z / top, -normal.y * normal.z / top, top}; }
  // The crossing of a circle of latitude on the way up, or down.
  Vector crossing(double sine, bool upward) const {
    const double c = clamp(sine / top, -1.0, 1.0), s = std::sqrt(1.0 - c * c);
    const double along = (upward ? -s : s) / top;
    Vector r = c * summit() + Vector{along * normal.y, -along * normal.x, 0.0};
    r.z = sine;
    return r;
  }
};

}  // namespace ngcm

#endif  // NGCM_EXCHANGE_SPHERE_HPP_
