"""The heart: what part of the parameters do the retained outputs not feel, and how is it removed?

Read `definition` first. `step` does the same without ever holding the rows: layer by layer
(`layers`, `gram`) or by conjugate gradients (`cg`), on a model that is run with other tensors in
place of its parameters (`network`, `watch`).
"""

from .definition import output_gradients, project_out
from .network import NonFiniteGradients
from .step import Projection, Step, minnorm_step
