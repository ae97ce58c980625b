// The C functions of ngcm.h, each a call of the function of the same name in ngcm_coupler.abi.
// pybind11 stays in this file: interpreter.cpp, which starts Python, does without.
#include "ngcm.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <stdexcept>
#include <string>

#include "host_state.hpp"
#include "interpreter.hpp"

namespace py = pybind11;

namespace {

// In the order of enum ngcm_status.
constexpr std::array<const char*, 16> kStatusNames = {
    "ok",    "internal", "config",   "checkpoint", "data",     "field",  "shape",    "value",
    "state", "handle",   "parallel", "restart",    "diverged", "output", "argument", "embedding"};

thread_local std::string last_error;

// A failure on its way to the host.
struct Failure : std::runtime_error {
  Failure(int status, const std::string& message) : std::runtime_error(message), status(status) {}
  int status;
};

// The functions of ngcm_coupler.abi, looked up once.
struct Abi {
  explicit Abi(const py::module_& abi)
      : create(abi.attr("create")),
        grid_size(abi.attr("grid_size")),
        grid(abi.attr("grid")),
        instances(abi.attr("instances")),
        set_partition(abi.attr("set_partition")),
        coupling_interval(abi.attr("coupling_interval")),
        field_count(abi.attr("field_count")),
        field_info(abi.attr("field_info")),
        field_alias(abi.attr("field_alias")),
        field_id(abi.attr("field_id")),
        put(abi.attr("put")),
        get(abi.attr("get")),
        advance(abi.attr("advance")),
        wait(abi.attr("wait")),
        time(abi.attr("time")),
        write_restart(abi.attr("write_restart")),
        save(abi.attr("save")),
        load(abi.attr("load")),
        continues(abi.attr("continues")),
        keeps_restarts(abi.attr("keeps_restarts")),
        restart_due(abi.attr("restart_due")),
        is_complete(abi.attr("is_complete")),
        stop_requested(abi.attr("stop_requested")),
        request_stop(abi.attr("request_stop")),
        on_timeout(abi.attr("on_timeout")),
        destroy(abi.attr("destroy")),
        describe(abi.attr("describe")) {}

  py::object create, grid_size, grid, instances, set_partition, coupling_interval, field_count,
      field_info, field_alias, field_id, put, get, advance, wait, time, write_restart, save, load,
      continues, keeps_restarts, restart_due, is_complete, stop_requested, request_stop, on_timeout,
      destroy, describe;
};

// Null until the first ngcm_create. Never freed: Python outlives every static destructor.
std::atomic<const Abi*> loaded_abi{nullptr};

int fail(int status, const char* message) noexcept {
  try {
    last_error = message;
  } catch (...) {
    last_error.clear();
  }
  return status;
}

// Runs the body of an entry point: the host's floating-point environment stays as it is, and
// nothing is thrown into the host.
template <class Body>
int guarded(Body body) noexcept {
  const ngcm::DefaultFloatingPoint floating_point;
  try {
    body();
    return NGCM_OK;
  } catch (const Failure& failure) {
    return fail(failure.status, failure.what());
  } catch (const ngcm::StartError& error) {
    return fail(NGCM_ERROR_EMBEDDING, error.what());
  } catch (const std::exception& error) {
    return fail(NGCM_ERROR_INTERNAL, error.what());
  } catch (...) {
    return fail(NGCM_ERROR_INTERNAL, "an exception of unknown type");
  }
}

// Paths and messages may hold bytes that are not UTF-8; Python's file-system encoding keeps them.
std::string text_of(const py::handle& text) {
  const auto bytes = py::reinterpret_steal<py::bytes>(PyUnicode_EncodeFSDefault(text.ptr()));
  if (!bytes) throw py::error_already_set();
  return bytes;
}

py::object text_from(const char* text) {
  auto object = py::reinterpret_steal<py::object>(PyUnicode_DecodeFSDefault(text));
  if (!object) throw py::error_already_set();
  return object;
}

// Needs the interpreter lock. SystemExit and KeyboardInterrupt are exceptions like any other.
Failure described(const Abi& abi, const py::error_already_set& error) {
  try {
    if (error.trace()) PyException_SetTraceback(error.value().ptr(), error.trace().ptr());
    const py::tuple description = abi.describe(error.value());
    return Failure(description[0].cast<int>(), text_of(description[1]));
  } catch (const std::exception&) {
    return Failure(NGCM_ERROR_INTERNAL, error.what());
  }
}

// Runs `body(abi)` with the interpreter lock held.
template <class Body>
void in_python(const Abi& abi, Body body) {
  const py::gil_scoped_acquire lock;
  try {
    body(abi);
  } catch (const py::error_already_set& error) {
    throw described(abi, error);
  }
}

// An entry point on an existing component.
template <class Body>
int on_component(Body body) noexcept {
  return guarded([&] {
    const Abi* abi = loaded_abi;
    if (abi == nullptr) {
      throw Failure(NGCM_ERROR_HANDLE, "no component exists yet; call ngcm_create first");
    }
    in_python(*abi, body);
  });
}

void require_argument(bool fits, const char* message) {
  if (!fits) throw Failure(NGCM_ERROR_ARGUMENT, message);
}

const Abi& load_abi() {
  if (const Abi* abi = loaded_abi) return *abi;
  const py::gil_scoped_acquire lock;
  std::string searched;
  try {
    py::list path = py::module_::import("sys").attr("path");
    for (const auto& directory : ngcm::package_directories()) {
      const py::object entry = text_from(directory.c_str());
      if (!path.contains(entry)) path.insert(0, entry);
    }
    searched = text_of(py::str(path));
    loaded_abi = new Abi(py::module_::import("ngcm_coupler.abi"));
    return *loaded_abi;
  } catch (const py::error_already_set& error) {
    throw ngcm::StartError(
        "cannot import ngcm_coupler.abi: " + text_of(error.type().attr("__name__")) + ": " +
        text_of(py::str(error.value())) + "\nsearched " + searched +
        "\nInstall ngcm_coupler with its dependencies into this Python, or set NGCM_PYTHON to "
        "the python executable of the environment that has it" +
        ngcm::note_of_pythonpath());
  }
}

// A view of the host's memory, valid during the call only. The base `None` is what keeps numpy
// from copying.
template <class T>
py::array_t<T> writable_view(T* values, py::ssize_t n) {
  return py::array_t<T>(n, values, py::none());
}

template <class T>
py::array_t<T> read_only_view(const T* values, py::ssize_t n) {
  py::array_t<T> view(n, values, py::none());
  view.attr("setflags")(false);
  return view;
}

// The host may overwrite or free its array as soon as we return, so nobody may still hold it.
void require_released(const py::array& view) {
  if (view.ref_count() != 1) {
    throw Failure(NGCM_ERROR_INTERNAL, "the host's array is still in use after the call");
  }
}

void copy_text(const std::string& text, char* buf, int n) {
  const size_t length = std::min(text.size(), static_cast<size_t>(n) - 1);
  std::memcpy(buf, text.data(), length);
  buf[length] = '\0';
}

template <class T>
int put(int handle, int id, const T* values, int n) noexcept {
  return on_component([&](const Abi& abi) {
    require_argument(n >= 0, "ngcm_put: n is negative");
    require_argument(values != nullptr || n == 0, "ngcm_put: values is null");
    const py::array_t<T> view = read_only_view(values, n);
    abi.put(handle, id, view);
    require_released(view);
  });
}

template <class T>
int get(int handle, int id, T* values, int n) noexcept {
  return on_component([&](const Abi& abi) {
    require_argument(n >= 0, "ngcm_get: n is negative");
    require_argument(values != nullptr || n == 0, "ngcm_get: values is null");
    const py::array_t<T> view = writable_view(values, n);
    abi.get(handle, id, view);
    require_released(view);
  });
}

// An entry point that only answers yes or no.
template <class Question>
int answer(int handle, int* flag, Question question) noexcept {
  return on_component([&](const Abi& abi) {
    require_argument(flag != nullptr, "flag is null");
    *flag = question(abi)(handle).template cast<bool>() ? 1 : 0;
  });
}

}  // namespace

int ngcm_abi_version(void) { return NGCM_ABI_VERSION; }

int ngcm_error_name(int code, char* buf, int n) {
  if (buf == nullptr || n < 1) return NGCM_ERROR_ARGUMENT;
  const bool known = code >= 0 && code < static_cast<int>(kStatusNames.size());
  copy_text(known ? kStatusNames[code] : "unknown", buf, n);
  return NGCM_OK;
}

int ngcm_last_error(char* buf, int n) {
  if (buf == nullptr || n < 1) return NGCM_ERROR_ARGUMENT;
  copy_text(last_error, buf, n);
  return NGCM_OK;
}

int ngcm_create(const char* namelist_path, int fcomm, int* handle) {
  return guarded([&] {
    require_argument(handle != nullptr, "ngcm_create: handle is null");
    *handle = 0;
    require_argument(namelist_path != nullptr, "ngcm_create: namelist_path is null");
    const ngcm::HostSignalActions signals;
    ngcm::start_python();
    in_python(load_abi(), [&](const Abi& abi) {
      const py::object communicator =
          fcomm == NGCM_NO_MPI ? py::none() : py::object(py::int_(fcomm));
      *handle = abi.create(text_from(namelist_path), communicator).cast<int>();
    });
  });
}

int ngcm_grid_size(int handle, int* nlon, int* nlat) {
  return on_component([&](const Abi& abi) {
    require_argument(nlon != nullptr && nlat != nullptr, "ngcm_grid_size: an argument is null");
    const py::tuple size = abi.grid_size(handle);
    *nlon = size[0].cast<int>();
    *nlat = size[1].cast<int>();
  });
}

int ngcm_grid(int handle, double* lon, double* lat, double* corner_lon, double* corner_lat,
              double* area, double* land_fraction) {
  return on_component([&](const Abi& abi) {
    const py::tuple size = abi.grid_size(handle);
    const auto points = size[0].cast<py::ssize_t>() * size[1].cast<py::ssize_t>();
    const auto view = [](double* values, py::ssize_t n) -> py::object {
      if (values == nullptr) return py::none();
      return writable_view(values, n);
    };
    abi.grid(handle, view(lon, points), view(lat, points), view(corner_lon, 4 * points),
             view(corner_lat, 4 * points), view(area, points), view(land_fraction, points));
  });
}

int ngcm_instances(int handle, int* count) {
  return on_component([&](const Abi& abi) {
    require_argument(count != nullptr, "ngcm_instances: count is null");
    *count = abi.instances(handle).cast<int>();
  });
}

int ngcm_set_partition(int handle, int n, const int* global_index) {
  return on_component([&](const Abi& abi) {
    require_argument(n >= 0, "ngcm_set_partition: n is negative");
    require_argument(global_index != nullptr || n == 0, "ngcm_set_partition: global_index is null");
    const py::array_t<int> view = read_only_view(global_index, n);
    abi.set_partition(handle, view);
    require_released(view);
  });
}

int ngcm_coupling_interval(int handle, int64_t* seconds) {
  return on_component([&](const Abi& abi) {
    require_argument(seconds != nullptr, "ngcm_coupling_interval: seconds is null");
    *seconds = abi.coupling_interval(handle).cast<int64_t>();
  });
}

int ngcm_field_count(int handle, int* count) {
  return on_component([&](const Abi& abi) {
    require_argument(count != nullptr, "ngcm_field_count: count is null");
    *count = abi.field_count(handle).cast<int>();
  });
}

int ngcm_field_info(int handle, int id, char* name, int name_n, char* units, int units_n,
                    char* direction, int direction_n, char* averaging, int averaging_n,
                    char* surface, int surface_n) {
  return on_component([&](const Abi& abi) {
    struct {
      char* buf;
      int n;
    } const wanted[] = {{name, name_n},
                        {units, units_n},
                        {direction, direction_n},
                        {averaging, averaging_n},
                        {surface, surface_n}};
    for (const auto& [buf, n] : wanted) {
      require_argument(buf == nullptr ? n == 0 : n >= 1,
                       "ngcm_field_info: a buffer needs a length of at least 1, null needs 0");
    }
    const py::tuple info = abi.field_info(handle, id);
    for (size_t i = 0; i < std::size(wanted); ++i) {
      if (wanted[i].buf != nullptr) copy_text(text_of(info[i]), wanted[i].buf, wanted[i].n);
    }
  });
}

int ngcm_field_alias(int handle, int id, const char* coupler, char* alias, int n) {
  return on_component([&](const Abi& abi) {
    require_argument(coupler != nullptr, "ngcm_field_alias: coupler is null");
    require_argument(alias != nullptr && n >= 1, "ngcm_field_alias: alias is null or n < 1");
    copy_text(text_of(abi.field_alias(handle, id, text_from(coupler))), alias, n);
  });
}

int ngcm_field_id(int handle, const char* name, int* id) {
  return on_component([&](const Abi& abi) {
    require_argument(name != nullptr && id != nullptr, "ngcm_field_id: an argument is null");
    *id = abi.field_id(handle, text_from(name)).cast<int>();
  });
}

int ngcm_put_f64(int handle, int id, const double* values, int n) {
  return put(handle, id, values, n);
}

int ngcm_put_f32(int handle, int id, const float* values, int n) {
  return put(handle, id, values, n);
}

int ngcm_get_f64(int handle, int id, double* values, int n) { return get(handle, id, values, n); }

int ngcm_get_f32(int handle, int id, float* values, int n) { return get(handle, id, values, n); }

int ngcm_advance(int handle, int64_t seconds) {
  return on_component([&](const Abi& abi) { abi.advance(handle, seconds); });
}

int ngcm_wait(int handle) {
  return on_component([&](const Abi& abi) { abi.wait(handle); });
}

int ngcm_time(int handle, char* buf, int n) {
  return on_component([&](const Abi& abi) {
    require_argument(buf != nullptr && n >= 1, "ngcm_time: buf is null or n < 1");
    copy_text(text_of(abi.time(handle)), buf, n);
  });
}

int ngcm_write_restart(int handle, const char* path) {
  return on_component([&](const Abi& abi) {
    require_argument(path != nullptr, "ngcm_write_restart: path is null");
    abi.write_restart(handle, text_from(path));
  });
}

int ngcm_save_f64(int handle, const char* name, const double* values, int n) {
  return on_component([&](const Abi& abi) {
    require_argument(name != nullptr, "ngcm_save: name is null");
    require_argument(n >= 0, "ngcm_save: n is negative");
    require_argument(values != nullptr || n == 0, "ngcm_save: values is null");
    const py::array_t<double> view = read_only_view(values, n);
    abi.save(handle, text_from(name), view);
    require_released(view);
  });
}

int ngcm_load_f64(int handle, const char* name, double* values, int n) {
  return on_component([&](const Abi& abi) {
    require_argument(name != nullptr, "ngcm_load: name is null");
    require_argument(n >= 0, "ngcm_load: n is negative");
    require_argument(values != nullptr || n == 0, "ngcm_load: values is null");
    const py::array_t<double> view = writable_view(values, n);
    abi.load(handle, text_from(name), view);
    require_released(view);
  });
}

int ngcm_continues(int handle, int* flag) {
  return answer(handle, flag, [](const Abi& abi) { return abi.continues; });
}

int ngcm_keeps_restarts(int handle, int* flag) {
  return answer(handle, flag, [](const Abi& abi) { return abi.keeps_restarts; });
}

int ngcm_restart_due(int handle, int* flag) {
  return answer(handle, flag, [](const Abi& abi) { return abi.restart_due; });
}

int ngcm_is_complete(int handle, int* flag) {
  return answer(handle, flag, [](const Abi& abi) { return abi.is_complete; });
}

int ngcm_stop_requested(int handle, int* flag) {
  return answer(handle, flag, [](const Abi& abi) { return abi.stop_requested; });
}

int ngcm_request_stop(int handle) {
  return on_component([&](const Abi& abi) { abi.request_stop(handle); });
}

int ngcm_on_timeout(int handle, void (*action)(void)) {
  return on_component([&](const Abi& abi) {
    require_argument(action != nullptr, "ngcm_on_timeout: action is null");
    abi.on_timeout(handle, py::cpp_function([action] {
                     const py::gil_scoped_release unlocked;
                     action();
                   }));
  });
}

int ngcm_destroy(int handle) {
  return on_component([&](const Abi& abi) { abi.destroy(handle); });
}
