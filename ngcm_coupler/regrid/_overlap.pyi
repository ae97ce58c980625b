import numpy as np

def overlap(
    corner_longitude: np.ndarray,
    corner_latitude: np.ndarray,
    wanted: np.ndarray,
    sine_bounds: np.ndarray,
    nlon: int,
    threads: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float, int]: ...
