"""What does exact unlearning do to a linear network: many parameters, one linear predictor?

`network`: the network itself, and Lemma 1 and Theorem 4 in closed form. `search`: what numerical
optimisers find for the same problems. `failures`: what goes wrong without a drift penalty (D.4.1).
"""

from .failures import (
    CounterExample,
    Outcome,
    cancelling_step,
    counter_example,
    find_failures,
    outcome,
)
from .network import (
    fit_first_layer,
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
from .search import Relaxed, search_min_norm, solve_relaxed
