"""Memory: what a run takes, measured, and what there is."""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
from pathlib import Path

from ngcm_coupler.cli.doctor.findings import Fault
from ngcm_coupler.cli.memory import peak_bytes
from ngcm_coupler.config import Config
from ngcm_coupler.engine import engine_of

_GIB = 2**30
_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)


def measured(config: Config) -> str:
    """What the atmosphere takes for its start and one interval, in a process of its own."""
    # A process that has been forked would count the memory of this one.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        host, device, name = pool.apply(_peak, (config,))
    lines = [f"memory of the host, peak of a start and one interval: {host / _GIB:.2f} GiB"]
    if device:
        lines.append(f"memory of {name}, peak: {device / _GIB:.2f} GiB")
    return "\n".join(lines)


def _peak(config: Config) -> tuple[int, int, str]:
    from ngcm_coupler.device.members import Members

    members = -(-config.ensemble.members // config.device.owners_per_node)
    atmosphere = Members(config, range(members))
    _, imports = atmosphere.begin(config.run.start_date or None)
    atmosphere.send(imports if config.instances > 1 else imports[:1])
    atmosphere.advance()
    atmosphere.exports()
    statistics = atmosphere.device.memory_stats() or {}
    return peak_bytes(), statistics.get("peak_bytes_in_use", 0), atmosphere.device.device_kind


def host(config: Config) -> str:
    """The memory that is free is enough for the model."""
    free = _available() / _GIB
    need = engine_of(config).memory_gib(config)
    if need is None:
        return f"{free:.1f} GiB free; `doctor FILE.nml --measure` tells what this model needs"
    if free < need:
        raise Fault(
            f"{free:.1f} GiB free, and the model takes {need:g}; ask the batch system for more"
            " memory (Slurm: --mem, PBS: -l mem), or end what fills it"
        )
    return f"{free:.1f} GiB free, the model takes {need:g}"


def device(index: int) -> str:
    """Free memory of a GPU, in words; '' where nothing tells."""
    if shutil.which("nvidia-smi") is None:
        return ""
    query = ["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    done = subprocess.run([*query, f"--id={index}"], capture_output=True, text=True, check=False)
    free = done.stdout.strip()
    return f", {int(free) / 1024:.1f} GiB of it free" if free.isdigit() else ""


def _available() -> int:
    """Free memory [bytes], within the limit of the job."""
    information = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    line = next(line for line in information if line.startswith("MemAvailable:"))
    free = [1024 * int(line.split()[1])]
    for limit, usage, statistics in _CGROUPS:
        try:
            most, used = (Path(file).read_text(encoding="utf-8").strip() for file in (limit, usage))
            kept = Path(statistics).read_text(encoding="utf-8").split()
        except OSError:
            continue
        if most.isdigit():
            # Files that are only cached make way.
            cached = int(kept[kept.index("inactive_file") + 1]) if "inactive_file" in kept else 0
            free.append(int(most) - int(used) + cached)
    return min(free)
