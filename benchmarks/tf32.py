"""What does TF32, a GPU's products of 10 binary digits, change in the result of a run?

    python benchmarks/tf32.py --originals FOLDER --json benchmarks/tf32-h200.json

Label erasure on CIFAR-10 at the paper's size, seed 1, 5,000 test images: the same seven runs with
products in float32 and in TF32 (evaluated alike). Needs a GPU and an original as the study
`fullsize` takes it. The first run in TF32 is slower than the others, as it meets new kernels.
"""

import argparse
import json
from pathlib import Path

import unlearnlab as ul
from unlearnlab.chapters.ch11_replication import fullsize
from unlearnlab.chapters.ch11_replication.variants import MinNormOnce
from unlearnlab.ground.provenance import provenance

PROTECTING = {"reg_decay": 0.8, "n_pert": 50}
METHODS = [
    *(ul.GD(lr=rate) for rate in (2e-4, 3e-4, 4.5e-4)),
    *(ul.MinNormOG(lr=2e-4, reg=reg, **PROTECTING) for reg in (0.02, 0.03)),
    MinNormOnce(lr=3e-4, reg=0.06, **PROTECTING),
    ul.MinNormOG(lr=3e-4, reg=0.02, **PROTECTING),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--originals", type=Path, required=True)
    parser.add_argument("--json", type=Path, required=True)
    chosen = parser.parse_args()
    made = provenance("python benchmarks/tf32.py --originals FOLDER", "cuda")
    task = fullsize.task(1, device="cuda", test_images=5_000, originals=chosen.originals)
    rows = []
    for products in ("float32", "tf32"):
        for method in METHODS:
            run = ul.unlearn(task, method, 2, products=products)
            own = {"lr": method.lr, "reg": getattr(method, "reg", None), "seconds": run.seconds}
            rows.append({"products": products, "method": method.name, **own, **run.metrics})
            chosen.json.write_text(json.dumps({"provenance": made, "runs": rows}, indent=1) + "\n")
            print(rows[-1], flush=True)


if __name__ == "__main__":
    main()
