"""How fast is a tint of 50,000 images of CIFAR-10's size, beside the same formula on the whole
tensor at once?

    python benchmarks/tint.py [--repeats 7] [--threads 2] [--device cpu]

Images are noise: a tint takes as long for any content. One color for all images, and one for each.
The two ways alternate in one process on the same numbers and must agree to the last pixel; the
median is the result. `--json FILE` records everything with provenance.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import torch

from unlearnlab.data.tint import BLUE_WEIGHT, CLASS_COLORS, GREEN_WEIGHT, RED, RED_WEIGHT, tint
from unlearnlab.ground.provenance import provenance

IMAGES, SIZE = 50_000, 32


def at_once(pixels, colors):
    """The definition, without chunks and on all threads: intermediate numbers of 200 to 600 MB."""
    red, green, blue = pixels.to(torch.int32).unbind(1)
    light = (RED_WEIGHT * red + GREEN_WEIGHT * green + BLUE_WEIGHT * blue + 2**15) >> 16
    colors = colors.to(torch.int32).expand(len(pixels), 3)[:, :, None, None]
    return ((2 * light[:, None] * colors + 255) // 510).to(torch.uint8)


def seconds(method, pixels, colors):
    """(seconds, the tinted images)"""
    synchronize = torch.cuda.synchronize if pixels.is_cuda else lambda: None
    synchronize()
    began = time.perf_counter()
    tinted = method(pixels, colors)
    synchronize()
    return time.perf_counter() - began, tinted


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(
        0, 256, (IMAGES, 3, SIZE, SIZE), dtype=torch.uint8, generator=generator
    ).to(chosen.device)
    each = CLASS_COLORS[torch.randint(0, 10, (IMAGES,), generator=generator)].to(chosen.device)
    print(
        f"{IMAGES:,} images of 3 x {SIZE} x {SIZE}, {chosen.device}, {chosen.threads} threads, "
        f"{chosen.repeats} alternating repeats"
    )
    table = {}
    for name, colors in (("one color", RED), ("a color for each", each)):
        runs = {"tint": [], "at once": []}
        for _ in range(chosen.repeats):
            (ours, tinted), (theirs, expected) = (
                seconds(method, pixels, colors.to(chosen.device)) for method in (tint, at_once)
            )
            assert torch.equal(tinted, expected)
            runs["tint"].append(ours)
            runs["at once"].append(theirs)
        table[name] = {
            way: {"median_seconds": statistics.median(r), "least": min(r), "most": max(r)}
            for way, r in runs.items()
        }
        for way, found in table[name].items():
            print(
                f"  {name:16s}  {way:8s} median {found['median_seconds']:7.4f} s  "
                f"({found['least']:.4f} to {found['most']:.4f})"
            )
    if chosen.json:
        command = (
            f"python benchmarks/tint.py --repeats {chosen.repeats} --threads {chosen.threads} "
            f"--device {chosen.device}"
        )
        chosen.json.write_text(
            json.dumps(
                {"provenance": provenance(command, chosen.device), "results": table}, indent=1
            )
            + "\n"
        )


if __name__ == "__main__":
    main()
