"""What the tests of the width task share."""

from torch.nn.utils import parameters_to_vector


def vector(model):
    return parameters_to_vector(model.parameters()).detach()
