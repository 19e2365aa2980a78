"""Runs that overlap in threads, as those of two labs do: one that ends changes nothing of the
other, and the process is afterwards as it was before the first."""

import random
import threading

import numpy as np
import pytest
import torch
from small_tasks import parameters, regression

import unlearnlab as ul
from unlearnlab.ground.threads import few_threads
from unlearnlab.networks import seeded


def test_of_runs_that_overlap_in_threads_the_last_puts_the_generators_back():
    def states():
        name, keys, *rest = np.random.get_state()
        return random.getstate(), name, keys.tolist(), rest, torch.get_rng_state().tolist()

    began, ends = [threading.Event() for _ in range(2)], [threading.Event() for _ in range(2)]

    def run(i):
        wait = lambda run: (began[i].set(), ends[i].wait(60))
        ul.unlearn(regression(), ul.GD(), 1, callback=wait)

    before, threads = states(), [threading.Thread(target=run, args=(i,)) for i in range(2)]
    for thread, event in zip(threads, began):
        thread.start()
        assert event.wait(60)
    for thread, event in zip(threads, ends):  # the first to begin ends first
        event.set()
        thread.join()
    assert states() == before


def test_a_run_that_ends_beside_another_changes_no_dropout_there():
    class Drops(torch.nn.Linear):
        def forward(self, x):
            if self.training:
                meanwhile()
            return super().forward(torch.nn.functional.dropout(x, 0.5, self.training))

    build = lambda seed: seeded(lambda: Drops(2, 1), seed)
    task = regression().changed(original=build(1), build=build)
    began, ends = threading.Event(), threading.Event()

    def after(run):
        began.set()
        ends.wait(60)

    meanwhile = lambda: None
    alone = parameters(ul.unlearn(task, ul.GD(lr=0.1), 3).model)
    torch.manual_seed(5)
    run = (regression(), ul.GD(), 1)
    beside = threading.Thread(target=ul.unlearn, args=run, kwargs={"callback": after})
    beside.start()
    assert began.wait(60)
    meanwhile = lambda: (ends.set(), beside.join())
    assert torch.equal(parameters(ul.unlearn(task, ul.GD(lr=0.1), 3).model), alone)


def test_small_models_run_on_one_thread_and_the_callers_number_comes_back():
    before, seen = torch.get_num_threads(), []
    torch.set_num_threads(2)
    try:
        look = lambda run: seen.append(torch.get_num_threads())
        runs = [
            threading.Thread(
                target=ul.unlearn, args=(regression(), ul.GD(), 50), kwargs={"callback": look}
            )
            for _ in range(4)
        ]
        [run.start() for run in runs]
        [run.join() for run in runs]
        with pytest.raises(KeyError):
            ul.unlearn(regression(), ul.GD(), 1, callback=lambda run: {}["none"])
        assert set(seen) == {1} and len(seen) == 200 and torch.get_num_threads() == 2
        with few_threads(torch.nn.Linear(1001, 1000)):
            assert torch.get_num_threads() == 2
        began, ends, later = threading.Event(), threading.Event(), []
        wait = lambda run: (began.set(), ends.wait(60))
        with few_threads(torch.nn.Linear(2, 1)):  # a thread begins in it, and ends after it
            other = threading.Thread(
                target=ul.unlearn, args=(regression(), ul.GD(), 1), kwargs={"callback": wait}
            )
            other.start()
            assert began.wait(60)
        ends.set()
        other.join()
        new = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
        new.start()
        new.join()
        assert later == [2]
        began.clear(), ends.clear()
        other = threading.Thread(
            target=ul.unlearn, args=(regression(), ul.GD(), 1), kwargs={"callback": wait}
        )
        other.start()
        assert began.wait(60)
        torch.set_num_threads(1)  # as a sweep with one thread does
        with few_threads(torch.nn.Linear(2, 1)):
            ends.set()
            other.join()
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
