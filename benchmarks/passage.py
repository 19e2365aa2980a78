"""What does it cost to make a language model forget, and what does a projection cost beside a step?

    python benchmarks/passage.py --json benchmarks/passage.json

Seconds of one processor core, not of the clock, so that what else the machine does counts for
little; of each the quickest of several. "runs": ten epochs of unlearning on the passages of seed 1,
without the evaluation. "projections": one `minnorm_step` of so many passages, a row for every word
or for every passage, and one descent step on the 54 that are accessible.
"""

import argparse
import copy
import dataclasses
import json
import time
from pathlib import Path

import torch

import unlearnlab as ul
from unlearnlab.chapters.ch18_passage import MinNormPassages, NPORetain
from unlearnlab.ground.provenance import provenance
from unlearnlab.projection import Projection

METHODS = [
    ul.GD(),
    ul.GA(),
    ul.NGP(),
    ul.NPO(),
    NPORetain(),
    ul.SCRUB(),
    ul.SalUn(),
    ul.KLUnif(),
    ul.MinNormOG(n_pert=0),
    MinNormPassages(n_pert=54),
    ul.MinNormOG(n_pert=6),
]
PROJECTIONS = [("summed", 6), ("summed", 20), ("summed", 54)]
PROJECTIONS += [("largest", 1), ("largest", 6), ("largest", 12), ("largest", 20)]


def seconds(work, repeats):
    """The least processor time of a call of `work`."""
    taken = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return round(min(taken), 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    made = provenance("python benchmarks/passage.py", "cpu")
    task = dataclasses.replace(ul.passage.task(1), evaluate=lambda model: {})
    runs = []
    for method in METHODS:
        rows = getattr(method, "n_pert", None)
        took = seconds(lambda: ul.unlearn(task, method, 10), given.repeats)
        runs.append({"method": method.name, "n_pert": rows, "seconds": took})
    model, (inputs, targets) = copy.deepcopy(task.original), task.retain.tensors
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.0)

    def descend():
        optimizer.zero_grad()
        task.loss(model(inputs), targets).backward()
        optimizer.step()

    steps = [{"outputs": "descent", "passages": len(inputs), "rows": None}]
    steps[0]["seconds"] = seconds(descend, 2 * given.repeats)
    for outputs, count in PROJECTIONS:
        projection = Projection(model, outputs=outputs)
        step = lambda: projection.step(inputs[:count], 0.0)
        rows = step().rows
        took = seconds(step, given.repeats)
        steps.append({"outputs": outputs, "passages": count, "rows": rows, "seconds": took})
    tables = {"provenance": made, "runs": runs, "projections": steps}
    given.json.write_text(json.dumps(tables, indent=1) + "\n")
    print(json.dumps(tables, indent=1))


if __name__ == "__main__":
    main()
