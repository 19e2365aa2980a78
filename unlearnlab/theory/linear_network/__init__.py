"""What does exact unlearning do to a linear network: many parameters, one linear predictor?

`network`: the network itself, and Lemma 1 and Theorem 4 in closed form. What numerical optimisers
find for the same problems, and what goes wrong without a drift penalty, is in chapter 06.
"""

from .network import (
    flatten,
    min_param_norm,
    norm_squared,
    output_gradients,
    perturbation,
    predictor,
    random_network,
    unflatten,
    unlearn,
    upper,
)
