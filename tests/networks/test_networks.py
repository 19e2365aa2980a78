"""Do the networks have the shapes, names and numbers of parameters that others expect of them?"""

import copy
import hashlib

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import parameters_to_vector

import unlearnlab as ul
from unlearnlab.chapters.ch12_width.vit import ViT
from unlearnlab.networks import AllCNN, Decoder, ResNet, seeded


def test_a_slice_of_an_mlp_is_its_layers_with_the_same_weights():
    net, x = (
        ul.MLP([2, 5, 4, 1]),
        torch.randn(3, 2),
    )  # a slice once raised: Sequential calls the class with its layers
    assert torch.equal(net[-1](net[:-1](x)), net(x))
    assert isinstance(net[0], nn.Linear) and net[:1][0] is net[0]


@pytest.mark.parametrize(
    "options, count",
    [
        (dict(depth=18, classes=[10, 3]), 11_175_501),
        (dict(depth=18, classes=1000, stem="imagenet"), 11_689_512),
        (dict(depth=50, classes=1000, stem="imagenet"), 25_557_032),
        (dict(depth=18, classes=10), 11_173_962),
    ],
)
def test_resnets_have_the_published_number_of_parameters(options, count):
    assert sum(p.numel() for p in ResNet(**options).parameters()) == count


def test_resnet_parameters_carry_torchvisions_names():
    names = set(ResNet(50, 1000, stem="imagenet").state_dict())
    assert {
        "conv1.weight",
        "bn1.running_var",
        "layer1.0.conv3.weight",
        "layer1.0.downsample.0.weight",
        "layer4.2.bn3.bias",
        "fc.weight",
    } <= names
    assert "layer1.1.downsample.0.weight" not in names and len(names) == 320


@pytest.mark.parametrize(
    "depth, stem, size", [(18, "cifar", 16), (18, "imagenet", 64), (50, "cifar", 8)]
)
def test_resnets_give_one_output_or_one_per_head(depth, stem, size):
    x = torch.randn(2, 3, size, size)
    assert ResNet(depth, 7, width=1 / 16, stem=stem)(x).shape == (2, 7)
    content, color = ResNet(depth, [7, 3], width=1 / 16, stem=stem)(x)
    assert content.shape == (2, 7) and color.shape == (2, 3)


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(depth=101), "depth must be one of 10, 18, 34, 50, got 101"),
        (dict(stem="mnist"), "stem must be"),
        (dict(width=0), "width must be a number from"),
        (dict(classes=[]), "classes must be a positive integer"),
        (dict(classes=[10, 0]), "classes must be"),
    ],
)
def test_a_wrong_resnet_is_refused_by_name(options, words):
    with pytest.raises(ValueError, match=words):
        ResNet(**options)


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_a_resnet_takes_published_weights_for_its_body_and_keeps_its_own_heads(tmp_path, suffix):
    theirs, ours = ResNet(18, 1000, 1 / 32), ResNet(18, [4, 3], 1 / 32)
    head, file = ours.fc[0].weight.clone(), tmp_path / f"resnet.{suffix}"
    torch.save(theirs.state_dict(), file) if suffix == "pth" else save_file(
        theirs.state_dict(), file
    )
    assert ours.load_body(file) is ours and torch.equal(ours.fc[0].weight, head)
    assert torch.equal(ours.layer4[1].conv2.weight, theirs.layer4[1].conv2.weight)
    for wrong, words in (
        (
            ResNet(18, 4, 1 / 16),
            r"resnet.* holds other weights than this network's: (.|\n)*bn1.bias",
        ),
        (ResNet(50, 4, 1 / 32), "holds other weights"),
        (ResNet(34, 4, 1 / 32), "holds other weights"),  # which shares tensors with it
    ):
        before = {name: t.clone() for name, t in wrong.state_dict().items()}
        with pytest.raises(ValueError, match=words):
            wrong.load_body(file)
        assert all(torch.equal(t, before[name]) for name, t in wrong.state_dict().items())
    with pytest.raises(FileNotFoundError, match="no file with published weights at .*missing.pth"):
        ours.load_body(tmp_path / "missing.pth")


def test_weights_older_than_batch_norms_counter_load_too(tmp_path):
    theirs, ours = ResNet(18, 7, 1 / 32), ResNet(18, [4, 2], 1 / 32)
    torch.save(
        {name: t for name, t in theirs.state_dict().items() if "num_batches" not in name},
        tmp_path / "resnet18.pth",
    )
    ours.load_body(tmp_path / "resnet18.pth")
    assert (
        torch.equal(ours.layer4[1].conv2.weight, theirs.layer4[1].conv2.weight)
        and ours.bn1.num_batches_tracked == 0
    )


def test_a_file_of_published_weights_cannot_run_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").write_text, ("",))

    torch.save({"conv1.weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(
        ValueError, match="evil.pth holds no weights that can be read .UnpicklingError"
    ):
        ResNet(18, 4, 1 / 32).load_body(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "options, count",
    [
        (dict(classes=10, batch_norm=False), 1_369_738),
        (dict(classes=100, batch_norm=False), 1_387_108),
    ],
)
def test_all_cnn_has_the_published_number_of_parameters(options, count):
    assert sum(p.numel() for p in AllCNN(**options).parameters()) == count


def test_averaging_before_the_classifier_is_all_cnns_classifier_at_every_position():
    net, x = AllCNN(5, width=1 / 16), torch.randn(2, 3, 16, 16)
    maps = []
    net.convolutions[-1].register_forward_hook(
        lambda module, args, out: maps.append(torch.relu(net.norms[-1](out)))
    )
    with torch.no_grad():
        outputs = net.eval()(x)
        everywhere = nn.functional.conv2d(maps[0], net.fc.weight[:, :, None, None], net.fc.bias)
    assert maps[0].shape == (2, 12, 4, 4) and torch.allclose(
        outputs, everywhere.mean((2, 3)), atol=1e-6
    )


def test_the_attention_of_a_vit_is_torchs_multi_head_attention():
    net, x = ViT(4, 1 / 16), torch.randn(2, 5, 12)
    block, theirs = net.blocks[0], nn.MultiheadAttention(12, 3, batch_first=True)
    (
        nn.init.normal_(block.qkv.bias),
        nn.init.zeros_(block.down.weight),
    )  # what the block adds is attention alone
    theirs.load_state_dict(
        {
            "in_proj_weight": block.qkv.weight,
            "in_proj_bias": block.qkv.bias,
            "out_proj.weight": block.out.weight,
            "out_proj.bias": block.out.bias,
        }
    )
    h = block.norm1(x)
    assert torch.allclose(block(x) - x, theirs(h, h, h)[0], atol=1e-6)


@pytest.mark.parametrize("kind", [AllCNN, ViT])
def test_all_cnn_and_vit_give_one_output_or_one_per_head(kind):
    x, options = torch.randn(2, 3, 8, 8), dict(width=1 / 32)
    assert kind(7, **options)(x).shape == (2, 7)
    content, color = kind([7, 3], **options)(x)
    assert content.shape == (2, 7) and color.shape == (2, 3)


IMAGE_MODELS = {
    "ResNet": lambda **o: ResNet(18, [4, 3], 1 / 32, **o),
    "AllCNN": lambda **o: AllCNN([4, 3], 1 / 24, **o),
    "ViT": lambda **o: ViT([4, 3], 1 / 16, **o),
}


@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_uint8_pixels_are_normalised_inside_every_image_model(name):
    pixels = torch.randint(
        0, 256, (3, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    mean, std = (torch.tensor(v)[:, None, None] for v in ([0.1, 0.2, 0.3], [0.5, 0.6, 0.7]))
    net = seeded(lambda: IMAGE_MODELS[name](mean=[0.1, 0.2, 0.3], std=[0.5, 0.6, 0.7]), 0).eval()
    for ours, expected in zip(net(pixels), net((pixels.float() / 255 - mean) / std)):
        assert torch.allclose(ours, expected, atol=1e-6)
    default = seeded(lambda: IMAGE_MODELS[name](), 0).eval()
    assert torch.allclose(default(pixels)[0], default(pixels.float() / 127.5 - 1)[0], atol=1e-6)
    assert not any("mean" == key.split(".")[-1] for key in net.state_dict())
    with pytest.raises(
        ValueError, match=r"images must have shape \(n, 3, height, width\), got \(3, 1, 8, 8\)"
    ):
        net(pixels[:, :1])
    with pytest.raises(TypeError, match="uint8 pixels or normalised floats, got torch.int64"):
        net(pixels.long())
    with pytest.raises(
        ValueError, match="std must be one positive number, or one for each of 3 channels, got 0"
    ):
        IMAGE_MODELS[name](std=0)


@pytest.mark.parametrize(
    "build, words",
    [
        (lambda: AllCNN(width=0), "width must be a number from 1/96"),
        (lambda: AllCNN(width=1001), "one channel in the first layer, to 1000, got 1001"),
        (lambda: AllCNN(mean="a"), "mean must be one number, or one for each of 3 .*, got 'a'"),
        (lambda: AllCNN([]), "classes must be"),
        (lambda: ViT(4, width=0), "width must be a number from 1/64"),
        (
            lambda: ViT(4, 1 / 64)(torch.zeros(1, 3, 16, 16)),
            r"images must have shape \(n, 3, 8, 8\)",
        ),
    ],
)
def test_a_wrong_all_cnn_or_vit_is_refused_by_name(build, words):
    with pytest.raises(ValueError, match=words):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: ResNet(18, [4, 3], 1 / 16),
        lambda: ResNet(50, [4, 3], 1 / 16),
        lambda: AllCNN([4, 3], 1 / 16),
        lambda: AllCNN([4, 3], 1 / 16, batch_norm=False),
        lambda: ViT([4, 3], 1 / 16),
    ],
    ids=["ResNet-18", "ResNet-50", "AllCNN", "AllCNN without batch norm", "ViT"],
)
@pytest.mark.parametrize("stored", ["floats", "uint8"])
def test_a_minnorm_step_on_an_image_model_equals_the_dense_projection(build, stored):
    model, generator = seeded(build, 3), torch.Generator().manual_seed(0)
    x = (
        torch.randn(6, 3, 8, 8, generator=generator)
        if stored == "floats"
        else torch.randint(0, 256, (6, 3, 8, 8), dtype=torch.uint8, generator=generator)
    )
    model.train()(x), model.eval()  # running statistics of its own
    theta = parameters_to_vector(model.parameters()).detach().double()
    rows = ul.output_gradients(copy.deepcopy(model).double(), x)
    step = ul.minnorm_step(model, x, 0.5)
    expected = theta - 0.5 * ul.project_out(theta, rows)
    assert step.rows == 12 and step.solver == "layerwise"
    assert (parameters_to_vector(model.parameters()).double() - expected).norm() < 1e-6 * (
        theta - expected
    ).norm()


def test_the_rows_of_an_image_model_are_the_gradients_autograd_gives_one_by_one():
    model = seeded(lambda: ViT([4, 3], 1 / 16), 3).double()
    x = torch.randint(
        0, 256, (3, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    one_by_one = [
        torch.cat(
            [
                g.flatten()
                for g in torch.autograd.grad(
                    model(x[i : i + 1])[head].max(),
                    list(model.parameters()),
                    materialize_grads=True,
                )
            ]
        )
        for head in range(2)
        for i in range(3)
    ]
    assert torch.allclose(ul.output_gradients(model, x), torch.stack(one_by_one), atol=1e-12)


@pytest.mark.parametrize("content", [b"words", b"", b"PK\x03\x04 cut short"])
@pytest.mark.parametrize("name", ["resnet18.pth", "resnet18.safetensors"])
def test_a_damaged_file_of_weights_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"{name} holds no weights that can be read"):
        ResNet(18, 4, 1 / 32).load_body(tmp_path / name)


def test_weights_under_a_publishers_name_must_have_the_hash_in_it(tmp_path):
    path = tmp_path / "resnet18-01234567.pth"
    torch.save(ResNet(18, 4, 1 / 32).state_dict(), path)
    with pytest.raises(
        ValueError,
        match="resnet18-01234567.pth is damaged: its SHA-256 does not begin with 01234567",
    ):
        ResNet(18, 4, 1 / 32).load_body(path)
    right = path.rename(
        tmp_path / f"resnet18-{hashlib.sha256(path.read_bytes()).hexdigest()[:8]}.pth"
    )
    published = torch.load(right, weights_only=True)["conv1.weight"]
    assert torch.equal(ResNet(18, [4, 2], 1 / 32).load_body(right).conv1.weight, published)


def test_numpy_integers_are_numbers_of_classes():
    assert (
        len(ResNet(18, [np.int64(4), 2], 1 / 32).fc) == 2
        and AllCNN(np.int64(3), 1 / 48).fc.out_features == 3
    )


@pytest.mark.parametrize("build", [lambda: ResNet(10, 4, 1 / 32), lambda: AllCNN(4, 1 / 24)])
def test_a_network_that_is_built_in_double_precision_takes_pixels(build):
    pixels = torch.randint(256, (3, 3, 32, 32), dtype=torch.uint8)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        assert build()(pixels).dtype == torch.float64
    finally:
        torch.set_default_dtype(before)


def test_an_all_cnn_takes_no_word_for_its_batch_norm():
    with pytest.raises(TypeError, match="batch_norm must be True or False, got 'no'"):
        AllCNN(4, 1 / 24, batch_norm="no")


def test_a_decoder_of_no_sequence_returns_none():
    none = torch.zeros(0, 4, dtype=torch.int64)
    assert Decoder(5, 4, 8, 1, 2)(none).shape == (0, 4, 5)
