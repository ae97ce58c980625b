// The Python inside the host process: which one, how it starts, where it finds the package.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <vector>

namespace ngcm {

// Python could not start; the message says what was tried and what to do.
struct StartError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Starts Python unless it runs already, as it does when the host is a Python program. It is never
// finalised, because extension modules cannot be loaded twice. The calling thread must not hold
// the interpreter lock, and does not hold it afterwards.
// Throws StartError, also on every later call once a start has failed half-way.
void start_python();

// Directories that may hold the package that belongs to this library, most specific first:
// the wheel it was installed from, then the prefix or build tree it lies in. Only existing ones.
std::vector<std::filesystem::path> package_directories();

}  // namespace ngcm
