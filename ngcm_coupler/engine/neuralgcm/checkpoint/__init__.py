"""Safe reading of published NeuralGCM checkpoints.

`read_checkpoint` reads a file as data, never by unpickling it, and checks it; `summary` says what
model it holds, without building the model; `write_checkpoint` writes a form without pickle;
`reason` tells of errors that its contents make others raise.
"""

from ngcm_coupler.engine.neuralgcm.checkpoint.contents import Checkpoint as Checkpoint
from ngcm_coupler.engine.neuralgcm.checkpoint.files import (
    demo_checkpoint_path as demo_checkpoint_path,
)
from ngcm_coupler.engine.neuralgcm.checkpoint.files import read_checkpoint as read_checkpoint
from ngcm_coupler.engine.neuralgcm.checkpoint.files import write_checkpoint as write_checkpoint
from ngcm_coupler.engine.neuralgcm.checkpoint.overview import CheckpointSummary as CheckpointSummary
from ngcm_coupler.engine.neuralgcm.checkpoint.overview import summary as summary
