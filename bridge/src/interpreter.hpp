// The Python inside the host process: which one, how it starts, where it finds the package.
#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>
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

// Directories, besides Python's own, that hold the package that belongs to this library: the prefix
// or build tree, or the folder that a wheel was unpacked into. Mostly one, none in an environment.
std::vector<std::filesystem::path> package_directories();

// What to add to the remedy of a package that does not work: PYTHONPATH, if it is set; else empty.
std::string note_of_pythonpath();

}  // namespace ngcm
