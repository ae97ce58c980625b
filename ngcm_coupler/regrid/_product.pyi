import numpy as np

def multiply(
    starts: np.ndarray,
    columns: np.ndarray,
    weights: np.ndarray,
    values: np.ndarray,
    result: np.ndarray,
    together: bool,
) -> None: ...
