"""What a model says of images is the same in any batches, and in fewer digits nearly so."""

import pytest
import torch

import unlearnlab as ul
from unlearnlab.ground.identity import fingerprint
from unlearnlab.networks import MLP, ResNet, predict, seeded
from unlearnlab.networks.predict import outputs

PIXELS = torch.randint(
    0, 256, (23, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
needs_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def model():
    return seeded(lambda: ResNet(18, [4, 3], 1 / 8), 0)


def test_logits_are_those_of_evaluation_mode_in_any_batches(monkeypatch):
    net = model().train()
    before = [t.clone() for t in net.state_dict().values()]
    monkeypatch.setattr(predict, "BATCH", 10)
    said = outputs(net, PIXELS)
    assert net.training and all(map(torch.equal, before, net.state_dict().values()))
    assert [tuple(head.shape) for head in said] == [(23, 4), (23, 3)]
    for head, whole in zip(said, net.eval()(PIXELS)):
        torch.testing.assert_close(head, whole.detach())


def test_a_gpu_looks_at_more_images_at_once():
    cpu, gpu = (predict.at_once(torch.device(kind)) for kind in ("cpu", "cuda"))
    assert cpu < gpu


@pytest.mark.parametrize("precision", ["float32", "tf32"])
def test_on_a_cpu_float32_products_have_all_digits_whatever_is_asked(precision):
    net = model()
    assert all(map(torch.equal, outputs(net, PIXELS, precision), outputs(net, PIXELS)))


def test_bfloat16_gives_nearly_the_same_logits_in_float32():
    net = model()
    for head, rounded in zip(outputs(net, PIXELS), outputs(net, PIXELS, "bfloat16")):
        assert rounded.dtype == torch.float32
        assert 0 < (rounded - head).abs().max() < 0.03 * head.abs().max()


def test_bfloat16_takes_points_that_are_no_images():
    net, x = seeded(lambda: MLP([2, 8, 3]), 0), torch.randn(5, 2)
    torch.testing.assert_close(
        outputs(net, x, "bfloat16")[0], outputs(net, x)[0], atol=0.05, rtol=0
    )


def test_another_word_for_a_precision_is_refused():
    with pytest.raises(ValueError, match="precision must be one of float32, tf32, bfloat16"):
        outputs(model(), PIXELS, "half")


@pytest.mark.parametrize("experiment", [ul.erasure, ul.collapse, ul.width])
def test_metrics_in_bfloat16_are_those_of_float32_to_one_image_in_a_hundred(experiment):
    """Measured over the shipped models of five seeds: at most .006, one image in 180."""
    task, fewer = experiment.task(), experiment.task(evaluate_in="bfloat16")
    rounded = fewer.evaluate(task.original)
    assert rounded != task.evaluate(task.original)
    for name, value in task.evaluate(task.original).items():
        assert abs(rounded[name] - value) < 0.01
    assert fingerprint(fewer) != fingerprint(task)  # the numbers are not the same
    with pytest.raises(ValueError, match="evaluate_in must be one of float32, tf32, bfloat16"):
        experiment.task(evaluate_in="float16")


@needs_a_gpu
@pytest.mark.parametrize("precision, most", [("tf32", 2e-3), ("bfloat16", 2e-2)])
def test_on_a_gpu_fewer_digits_give_nearly_the_same_logits(precision, most):
    net, pixels = model().cuda(), PIXELS.cuda()
    for head, rounded in zip(outputs(net, pixels, "float32"), outputs(net, pixels, precision)):
        assert (rounded - head).abs().max() < most * head.abs().max()
