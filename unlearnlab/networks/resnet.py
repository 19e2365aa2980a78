"""Residual networks of four depths at any width, for small or large images, with one head or
several."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from ..ground import checks
from ..ground.models import copied
from .pixels import OnPixels, linear_heads, scaled, start_convolutions

# By depth: the blocks of each stage; of a block, which convolution strides, and all of them, as
# (kernel, channels as a share of the stage's)
BASIC, NARROWED = (0, ((3, 1), (3, 1))), (1, ((1, 1), (3, 1), (1, 4)))
BLOCKS = {
    10: ((1, 1, 1, 1), *BASIC),
    18: ((2, 2, 2, 2), *BASIC),
    34: ((3, 4, 6, 3), *BASIC),
    50: ((3, 4, 6, 3), *NARROWED),
}


class ResNet(OnPixels):
    """Residual network (He et al., 2016) with torchvision's parameter names, so that published
    weights load.

    depth: 10, 18, 34 or 50. classes: outputs of each head; one number gives logits (n, classes)
    from `fc`, several give a tuple of logits from `fc.0`, `fc.1`, ... width: factor on every number
    of channels; 1 is 64, 128, 256, 512. stem: "cifar" is a 3x3 convolution of stride 1 and no
    pooling (paper A, experiment 2), "imagenet" a 7x7 one of stride 2 and max-pooling. pixels: mean
    and std, what `Normalise` applies to uint8 pixels.

    Input (n, 3, height, width), uint8 pixels or normalised floats. ResNet-18 with the CIFAR stem
    and heads of 10 and 3 has 11,175,501 parameters. Raises ValueError for any other depth or stem,
    a width below 1/64, or a head without classes.
    """

    def __init__(
        self,
        depth: int = 18,
        classes: int | Sequence[int] = 10,
        width: float = 1.0,
        stem: str = "cifar",
        **pixels,
    ):
        super().__init__(**pixels)
        checks.one_of("depth", depth, BLOCKS)
        checks.one_of("stem", stem, ("cifar", "imagenet"))
        channels = scaled(width, 64, 128, 256, 512)
        counts, *block = BLOCKS[depth]
        kernel, stride = (3, 1) if stem == "cifar" else (7, 2)
        self.conv1 = nn.Conv2d(3, channels[0], kernel, stride, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.pool = nn.Identity() if stem == "cifar" else nn.MaxPool2d(3, 2, 1)
        fan_in = channels[0]
        for i, (out, count) in enumerate(zip(channels, counts)):
            stage = nn.Sequential()
            for j in range(count):
                stage.append(_Block(fan_in, out, 2 if i > 0 and j == 0 else 1, *block))
                fan_in = out * block[-1][-1][1]
            setattr(self, f"layer{i + 1}", stage)
        self.fc = linear_heads(fan_in, classes)
        start_convolutions(self)

    def load_body(self, path: Path) -> "ResNet":
        """Published weights for all but the heads, from torchvision's file (.pth, or the same names
        in .safetensors); returns self.

        A .pth is read as tensors only, so it cannot run code. Where a name ends in the first digits
        of the file's SHA-256, as torchvision's do (resnet50-11ad3fa6.pth), they are compared.
        Raises FileNotFoundError, and ValueError by name for a file that is damaged or holds other
        weights.
        """
        path = Path(path).expanduser()
        body = {n: t for n, t in _published(path).items() if not n.startswith("fc.")}
        # files older than that counter lack it
        own = ("fc.", "num_batches_tracked")
        kept = {n: t for n, t in self.state_dict().items() if n.startswith(own) or n.endswith(own)}
        try:
            # torch takes what fits before it says what does not
            copied(self).load_state_dict(kept | body)
        except RuntimeError as error:
            raise ValueError(
                f"{path.name} holds other weights than this network's: {error}"
            ) from error
        self.load_state_dict(kept | body)
        return self

    def features(self, x: Tensor) -> Tensor:
        """(n, channels): the last feature map averaged over positions, what the heads see."""
        x = self.pool(F.relu(self.bn1(self.conv1(self.normalise(x)))))
        return self.layer4(self.layer3(self.layer2(self.layer1(x)))).mean((2, 3))


class _Block(nn.Module):
    """Convolutions with batch norm, and a way around them."""

    def __init__(self, fan_in, channels, stride, strided, layers):
        super().__init__()
        self.layers, before = len(layers), fan_in
        for i, (kernel, share) in enumerate(layers):
            step, out = stride if i == strided else 1, channels * share
            conv = nn.Conv2d(before, out, kernel, step, kernel // 2, bias=False)
            setattr(self, f"conv{i + 1}", conv)
            setattr(self, f"bn{i + 1}", nn.BatchNorm2d(out))
            before = out
        self.downsample = None
        if stride != 1 or fan_in != before:
            around = nn.Conv2d(fan_in, before, 1, stride, bias=False)
            self.downsample = nn.Sequential(around, nn.BatchNorm2d(before))

    def forward(self, x):
        out = x
        for i in range(1, self.layers + 1):
            out = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(out))
            if i < self.layers:
                out = F.relu(out)
        return F.relu(out + (x if self.downsample is None else self.downsample(x)))


def _published(path):
    """{name: tensor} of a file with weights."""
    if not path.is_file():
        raise FileNotFoundError(f"no file with published weights at {path}")
    promised = re.search(r"-([0-9a-f]{8})\.", path.name)
    if promised and not hashlib.sha256(path.read_bytes()).hexdigest().startswith(promised[1]):
        raise ValueError(f"{path.name} is damaged: its SHA-256 does not begin with {promised[1]}")
    try:
        if path.suffix == ".safetensors":
            weights = load_file(path)
        else:
            weights = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises half a dozen kinds, most of them about pickle
        raise ValueError(
            f"{path.name} holds no weights that can be read ({type(error).__name__})"
        ) from error
    if not isinstance(weights, dict) or not all(isinstance(t, Tensor) for t in weights.values()):
        raise ValueError(f"{path.name} holds no tensors by name")
    return weights
