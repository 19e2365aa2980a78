"""The networks of the experiments, by their standard names."""
from .mlp import MLP, outputs_at, seeded
from .resnet import ResNet
