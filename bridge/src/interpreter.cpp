#include "interpreter.hpp"

#include <Python.h>
#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>

namespace fs = std::filesystem;

namespace ngcm {
namespace {

constexpr const char* kRemedy =
    "; set the environment variable NGCM_PYTHON to the absolute path of the python executable "
    "of the environment that has ngcm_coupler and is of version " NGCM_PYTHON_VERSION;

struct Choice {
  fs::path executable;
  std::string reason;
};

class UnsetVariable {
 public:
  explicit UnsetVariable(const char* name) : name_(name) {
    if (const char* value = std::getenv(name)) value_ = value;
    unsetenv(name);
  }
  ~UnsetVariable() {
    if (value_) setenv(name_, value_->c_str(), 1);
  }
  UnsetVariable(const UnsetVariable&) = delete;
  UnsetVariable& operator=(const UnsetVariable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> value_;
};

fs::path library_directory() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(&library_directory), &info) == 0) return {};
  std::error_code ignored;
  return fs::canonical(info.dli_fname, ignored).parent_path();
}

// The python of <environment>/lib/pythonX.Y/site-packages/ngcm_coupler/lib/libngcm.so. A wheel may
// have been built in an environment that no longer exists, so this goes before the build's own.
std::optional<fs::path> python_of_environment() {
  const fs::path site_packages = library_directory().parent_path().parent_path();
  if (site_packages.filename() != "site-packages") return std::nullopt;
  const fs::path environment = site_packages.parent_path().parent_path().parent_path();
  const fs::path python = environment / "bin" / "python";
  if (!fs::exists(python)) return std::nullopt;
  return python;
}

Choice choose_python() {
  if (const char* named = std::getenv("NGCM_PYTHON")) return {named, "NGCM_PYTHON names it"};
  if (const auto python = python_of_environment()) return {*python, "libngcm is installed there"};
  return {NGCM_PYTHON_EXECUTABLE, "libngcm was built with it"};
}

// CPython's own rule: a virtual environment is where the executable lies, symbolic link or not;
// any other installation is where the file itself lies.
fs::path prefix_of(const fs::path& executable) {
  const fs::path environment = executable.parent_path().parent_path();
  if (fs::exists(environment / "pyvenv.cfg")) return environment;
  return fs::canonical(executable).parent_path().parent_path();
}

// A host that opens libngcm with RTLD_LOCAL, as plugin hosts do, hides libpython from the
// extension modules, which do not link it.
void make_libpython_global() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(&Py_IsInitialized), &info) == 0 ||
      dlopen(info.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD) == nullptr) {
    throw StartError("cannot make the symbols of libpython visible to Python's own modules");
  }
}

void require(const PyStatus& status, const Choice& python) {
  if (!PyStatus_Exception(status)) return;
  throw StartError("Python did not start as " + python.executable.string() + " (" + python.reason +
                   "): " + (status.err_msg ? status.err_msg : "no reason given") + kRemedy +
                   note_of_pythonpath());
}

void initialise(const Choice& python) {
  PyPreConfig before;
  PyPreConfig_InitPythonConfig(&before);
  before.parse_argv = 0;
  before.configure_locale = 0;  // the locale is the host's
  before.coerce_c_locale = 0;
  before.utf8_mode = 1;
  require(Py_PreInitialize(&before), python);

  struct Config : PyConfig {
    Config() { PyConfig_InitPythonConfig(this); }
    ~Config() { PyConfig_Clear(this); }
  } config;
  config.parse_argv = 0;
  config.install_signal_handlers = 0;
  config.buffered_stdio = 0;  // nothing flushes Python's buffers when the host exits
  config.pathconfig_warnings = 0;
  const std::string executable = python.executable.string();
  require(PyConfig_SetBytesString(&config, &config.program_name, executable.c_str()), python);
  require(PyConfig_SetBytesString(&config, &config.executable, executable.c_str()), python);

  // PYTHONHOME, which batch modules like to set, would replace the standard library.
  const UnsetVariable home("PYTHONHOME");
  require(Py_InitializeFromConfig(&config), python);
}

// A wrong executable is no error to CPython: it falls back to another installation in silence.
void check_prefix(const Choice& python) {
  PyObject* prefix = PySys_GetObject("prefix");
  const char* text = prefix != nullptr ? PyUnicode_AsUTF8(prefix) : nullptr;
  const std::string got = text != nullptr ? text : "";
  const fs::path expected = prefix_of(python.executable);
  std::error_code ignored;
  if (fs::equivalent(got, expected, ignored)) return;
  PyErr_Clear();
  throw StartError("Python started from " + got + " instead of " + expected.string() + ", where " +
                   python.executable.string() + " (" + python.reason + ") belongs" + kRemedy);
}

void start() {
  const Choice python = choose_python();
  if (access(python.executable.c_str(), X_OK) != 0 || !python.executable.is_absolute()) {
    throw StartError("cannot use the python executable " + python.executable.string() + " (" +
                     python.reason + "): not the absolute path of an executable file" + kRemedy);
  }
  make_libpython_global();
  initialise(python);
  struct ReleaseLock {
    ~ReleaseLock() { PyEval_SaveThread(); }
  } release_lock;
  check_prefix(python);
}

}  // namespace

void start_python() {
  static std::mutex mutex;
  static bool usable = false;
  static std::string failure;
  const std::lock_guard<std::mutex> lock(mutex);
  if (usable) return;
  if (!failure.empty()) throw StartError(failure);
  if (Py_IsInitialized() == 0) {
    try {
      start();
    } catch (const std::exception& error) {
      failure = error.what();
      throw StartError(failure);
    }
  }
  usable = true;
}

std::string note_of_pythonpath() {
  constexpr size_t most = 300;
  const char* value = std::getenv("PYTHONPATH");
  if (value == nullptr || *value == '\0') return {};
  std::string folders = value;
  if (folders.size() > most) {
    size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(folders[end]) & 0xC0) == 0x80) --end;  // UTF-8
    folders = folders.substr(0, end) + "...";
  }
  return "; PYTHONPATH=" + folders +
         " puts its packages before those of the environment: if it hides one, unset it, or leave "
         "in it only what is not installed there";
}

std::vector<fs::path> package_directories() {
  const fs::path library = library_directory();
  const fs::path wheel = library.parent_path().parent_path();
  std::vector<fs::path> candidates = {library / "ngcm" / "python"};
  // Python brings its own site-packages. Those of another environment would mix the two, so a
  // wheel only counts where it was unpacked elsewhere.
  if (wheel.filename() != "site-packages") candidates.push_back(wheel);
  std::vector<fs::path> found;
  for (const fs::path& parent : candidates) {
    std::error_code ignored;
    if (fs::exists(parent / "ngcm_coupler" / "abi.py", ignored)) found.push_back(parent);
  }
  return found;
}

}  // namespace ngcm
