"""The networks of the experiments, by their standard names."""

from .all_cnn import AllCNN
from .decoder import Decoder
from .mlp import MLP, seeded
from .resnet import ResNet
