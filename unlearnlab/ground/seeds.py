"""How does one seed become many, so that no two uses share their random numbers?"""

import numpy as np
import torch


def derived(*parts: int) -> int:
    """A seed of 63 bits that follows from all `parts`, integers of at least 0, in their order.

    Different parts give independent numbers, which sums such as seed + epoch do not.
    """
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


def generator(*parts: int) -> torch.Generator:
    """A generator on the CPU, seeded by `derived(*parts)`."""
    return torch.Generator().manual_seed(derived(*parts))
