"""How few neurons can a two-layer network keep without changing one retained prediction?

`network`: the network, its features, its active neurons. `survivors`: Lemma 6 and Theorem 5.
How a linear program and matching pursuit keep the same promise is in chapter 07.
"""

from .network import Activation, active_neurons, features, predict
from .survivors import cut, rank, sparsify
