"""What did the original model say about these samples? Asked once per sample and run,
however often they come."""

import copy

import torch

from .base import counted, heads


class Teacher:
    """theta* in evaluation mode: its logits for a batch, as constants.

    It is a copy, so nobody's mode or batch-norm statistics change, and in evaluation mode a
    sample's logits depend on neither the other samples of its batch nor on when they are asked for.
    That is why they can be kept: (n, classes) numbers per head for each of the two sets, filled in
    as batches come.
    """

    def __init__(self, task):
        self.model = copy.deepcopy(task.original).eval().requires_grad_(False)
        self.inputs = {"retain": task.retain.tensors[0], "forget": task.forget.tensors[0]}
        self.known = {
            role: torch.zeros(len(x), dtype=torch.bool) for role, x in self.inputs.items()
        }
        self.logits = {}

    @torch.no_grad()
    def __call__(self, batch) -> list[torch.Tensor]:
        """The heads' logits, each (len(batch), classes); of sequences, as `counted` gives them."""
        inputs, known = self.inputs[batch.role], self.known[batch.role]
        new = batch.index[~known[batch.index]]
        if len(new) > 0:
            answers = heads(self.model(inputs[new.to(inputs.device)]))
            if batch.role not in self.logits:
                rows = len(inputs)
                self.logits[batch.role] = [h.new_zeros(rows, *h.shape[1:]) for h in answers]
            for table, head in zip(self.logits[batch.role], answers):
                table[new.to(table.device)] = head
            known[new] = True
        known = [table[batch.index.to(table.device)] for table in self.logits[batch.role]]
        return counted(known if len(known) > 1 else known[0], batch.targets)[0]
