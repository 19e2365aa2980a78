"""How few neurons can a two-layer network keep without changing one retained prediction?

`network`: the network, its features, its active neurons. `survivors`: Lemma 6 and Theorem 5.
`pursuit`: the same promise kept by a linear program and by matching pursuit. `fitting`: a network
that interpolates.
"""

from .fitting import fit
from .network import Activation, active_neurons, features, predict
from .pursuit import basis_pursuit, matching_pursuit
from .survivors import cut, null_basis, rank, sparsify
