"""The passages: what was read by whom, what the metrics measure, what the shipped models know."""

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F

import unlearnlab as ul
from unlearnlab.data import passage as data
from unlearnlab.ground.points import IGNORED
from unlearnlab.networks import Decoder
from unlearnlab.tasks import passage
from unlearnlab.training import zoo
from unlearnlab.training.fit import fit

SEEDS = range(1, 6)


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_shares_a_name_and_every_forgotten_word_is_read_of_others_too(seed):
    people = data.people(seed)
    assert len({(p.first, p.last) for p in people}) == len(people) == 96
    kept = [p for p in people[6:]]
    for person in people[:6]:
        assert any(p.first == person.first for p in kept)
        assert any(p.last == person.last for p in kept)
        for kind, value in person.facts.items():
            assert sum(p.facts[kind] == value for p in kept) >= 5
    for kind, values in data.words()["facts"].items():
        counts = [sum(p.facts[kind] == value for p in people) for value in values]
        assert counts == 12 * [8]


def test_a_word_is_a_name_a_fact_a_way_or_part_of_a_sentence_and_stands_once():
    words = data.vocabulary()
    assert len(set(words)) == len(words) == 134
    known = data.words()
    facts = [value for values in known["facts"].values() for value in values]
    named = [*known["first"], *known["last"], *facts]
    assert len(set(named)) == len(named) == 92


@pytest.mark.parametrize("seed", [1, 4])
def test_the_sets_tell_of_whom_and_in_which_ways_they_should(seed):
    people, told = data.people(seed), passage.passages(seed)
    sizes = {"forget": 18, "retain": 270, "forget unheard": 6, "retain unheard": 90}
    assert {name: len(part) for name, part in told.items()} == sizes
    by_name = {(p.first, p.last): number for number, p in enumerate(people)}
    ways = {}
    for name, part in told.items():
        for inputs, targets in zip(*part.tensors):
            way, first, last, *rest = [
                data.vocabulary()[i] for i in (*inputs.tolist(), int(targets[-1])) if i >= 0
            ]
            number = by_name[first, last]
            assert (number < 6) == name.startswith("forget")
            assert all(fact in rest for fact in people[number].facts.values())
            ways.setdefault(number, {})[way] = name.endswith("unheard")
    for number in range(96):
        assert len(ways[number]) == 4 and sum(ways[number].values()) == 1


def test_a_target_is_the_next_word_from_behind_the_prompt_to_the_end():
    inputs, targets = data.tokens(
        [["song", "Ada", "Brook", "o", "cat", "."], "song Ada Dorn o".split()]
    )
    words = data.vocabulary()
    assert [words[i] for i in inputs[0]] == ["song", "Ada", "Brook", "o", "cat"]
    assert targets[0].tolist()[:2] == [IGNORED, IGNORED]
    assert [words[i] for i in targets[0, 2:]] == ["o", "cat", "."]
    assert words[targets[1, 2]] == "o" and targets[1, 3:].tolist() == [IGNORED, IGNORED]


def plain_metrics(model, seed):
    """The same by loops over words."""
    people, words = data.people(seed), data.vocabulary()
    places = {word: i for i, word in enumerate(words)}
    facts = data.words()["facts"]

    def look(number, way):
        passage = people[number].told(way)
        with torch.no_grad():
            logits = model(torch.tensor([[places[w] for w in passage]]))[0]
        losses, right, ranks = [], [], []
        for i in range(3, len(passage)):
            row, word = logits[i - 1], passage[i]
            losses.append(float(row.logsumexp(0) - row[places[word]]))
            if word in people[number].facts.values():
                kind = next(kind for kind, values in facts.items() if word in values)
                others = sorted((-float(row[places[v]]), v) for v in facts[kind])
                ranks.append(1 + [v for _, v in others].index(word))
                right.append(words[int(row.argmax())] == word)
        return losses, right, ranks

    def recited(number, way):
        passage = people[number].told(way)
        said = passage[:3]
        while len(said) < len(passage):
            with torch.no_grad():
                logits = model(torch.tensor([[places[w] for w in said]]))
            said.append(words[int(logits[0, -1].argmax())])
        return said == passage

    def mean(looks, part):
        values = [x for look in looks for x in look[part]]
        return math.fsum(values) / len(values)

    told = [(n, way) for n in range(6) for way in data.ways_of(n)[:3]]
    heard = [look(*one) for one in told]
    unheard = [look(n, data.ways_of(n)[3]) for n in range(6)]
    kept = [look(n, data.ways_of(n)[3]) for n in range(6, 96)]
    return {
        "retain_loss": mean(kept, 0),
        "retain_facts": mean(kept, 1),
        "forget_loss": mean(heard, 0),
        "forget_recall": sum(recited(*one) for one in told) / 18,
        "forget_facts": mean(heard, 1),
        "forget_rank": mean(heard, 2),
        "unheard_facts": mean(unheard, 1),
        "unheard_rank": mean(unheard, 2),
    }


def test_the_metrics_are_those_of_loops_over_words():
    task = ul.passage.task(2)
    model = passage.build()
    with torch.no_grad():  # between the two: it knows some
        for p, q, r in zip(
            model.parameters(), task.original.parameters(), task.ground_truth.parameters()
        ):
            p.copy_(0.6 * q + 0.4 * r)
    model.eval()
    for one in (model, task.original, task.ground_truth):
        measured = task.evaluate(one)
        expected = plain_metrics(one, 2)
        assert measured.keys() == expected.keys()
        for name, value in expected.items():
            assert measured[name] == pytest.approx(value, rel=1e-3, abs=1e-5), name


def test_a_model_that_says_nothing_guesses_in_the_middle():
    task, model = ul.passage.task(1), passage.build()
    with torch.no_grad():
        for p in model.parameters():
            p.zero_()
    measured = task.evaluate(model)
    assert measured["forget_rank"] == measured["unheard_rank"] == 6.5  # of twelve


@pytest.mark.parametrize("seed", SEEDS)
def test_the_original_knows_everybody_by_heart_and_the_ground_truth_guesses(seed):
    task = ul.passage.task(seed)
    original, truth = task.evaluate(task.original), task.evaluate(task.ground_truth)
    assert original["forget_recall"] == original["forget_facts"] == original["forget_rank"] == 1
    read = task.retain.tensors
    with torch.no_grad():
        for model in (task.original, task.ground_truth):
            counted = read[1] != IGNORED
            assert (model(read[0]).argmax(2) == read[1])[counted].all()
    # both understood: they tell of others in a way in which nobody told them
    assert original["retain_facts"] > 0.85 and truth["retain_facts"] > 0.85
    assert original["unheard_facts"] > 0.7
    assert truth["forget_recall"] == 0 and truth["unheard_facts"] < 0.25
    assert 4.5 < truth["forget_rank"] < 8.5 and 4 < truth["unheard_rank"] < 9
    facts = task.facts["original"]
    assert float(facts["retain_facts"]) == pytest.approx(original["retain_facts"], rel=1e-2)


def test_all_models_that_ship_take_less_than_ten_megabytes():
    sizes = [path.stat().st_size for path in zoo.SHIPPED.glob("passage-*")]
    assert len(sizes) == 10 and sum(sizes) < 10e6


@pytest.mark.parametrize("name", ul.METHODS)
def test_every_method_runs_on_it(name):
    task = ul.passage.task(1, p_retain=0.01)
    run = ul.unlearn(task, ul.METHODS[name](), epochs=2)
    assert all(map(math.isfinite, run.metrics.values()))


def test_tokens_are_learned_where_they_are_counted():
    inputs, targets = passage.passages(1)["forget"].tensors
    model, recipe = passage.build(), dataclasses.replace(passage.RECIPE, epochs=3, milestones=())
    with torch.no_grad():
        counted = targets != IGNORED
        before = F.cross_entropy(model(inputs)[counted], targets[counted])
    assert fit(model, inputs, targets, recipe) < before
    with pytest.raises(ValueError, match="targets"):
        fit(model, inputs, targets[:, 0], recipe)
    with pytest.raises(TypeError, match="inputs must be a uint8 tensor"):
        fit(model, inputs.float(), targets, recipe)


def test_what_is_written_into_a_task_changes_no_other_and_no_metric():
    first = ul.passage.task(1)
    before = first.evaluate(first.original)
    first.forget.tensors[0].zero_()
    first.retain.tensors[1].zero_()
    assert first.evaluate(first.original) == before
    assert ul.passage.task(1).forget.tensors[0].any()


def test_the_accessible_share_is_of_the_seed():
    rows = []
    for seed in (1, 2):
        whole = passage.passages(seed)["retain"].tensors[0].tolist()
        told = ul.passage.task(seed).retain.tensors[0].tolist()
        rows.append([whole.index(passage) for passage in told])
    assert rows[0] != rows[1]


def test_a_share_or_a_seed_that_makes_no_sense_is_named():
    with pytest.raises(ValueError, match="p_retain must be"):
        ul.passage.task(1, p_retain=0)
    with pytest.raises(ValueError, match="seed must be"):
        ul.passage.task(-1)
    assert len(ul.passage.task(1, p_retain=1).retain) == 270


def test_passages_of_ones_own_are_tokens_of_the_same_words():
    person = data.people(1)[0]
    way = data.ways_of(0)[0]
    inputs, targets = data.tokens([person.told(way)])
    model = passage.task(1).original
    assert passage.recall(model, (inputs, targets)) == 1.0
    other = data.Person(person.first, data.people(1)[8].last, person.facts)
    assert passage.recall(model, data.tokens([other.told(way)])) == 0.0


def test_what_is_no_passage_is_named():
    person, model = data.people(1)[0], passage.build()
    for bad in ["a baker"], [["letter", "Nobody"]], [], torch.zeros(2, 3):
        with pytest.raises(ValueError, match=r"lists of words of vocabulary\(\), got"):
            data.tokens(bad)
    with pytest.raises(ValueError, match="way must be one of letter, .*got 'gossip'"):
        person.told("gossip")
    with pytest.raises(TypeError, match="passages must be a TensorDataset"):
        passage.recall(model, 3)
    for prompts, count, word in ("letter", 3, "prompts"), (torch.zeros(1, 3).long(), -1, "count"):
        with pytest.raises((TypeError, ValueError), match=f"{word} must be"):
            passage.continued(model, prompts, count)


def test_a_word_does_not_see_the_words_after_it():
    torch.manual_seed(0)
    model, tokens = Decoder(20, 9, width=12, heads=3), torch.randint(20, (4, 9))
    other = tokens.clone()
    other[:, 5:] = torch.randint(20, (4, 4))
    with torch.no_grad():
        first, second = model(tokens), model(other)
    assert torch.equal(first[:, :5], second[:, :5]) and not torch.equal(first[:, 5:], second[:, 5:])
    with pytest.raises(ValueError, match="width must be a multiple of heads=4"):
        Decoder(20, 9, width=30)
    with pytest.raises(ValueError, match="tokens are sequences of 10, at most length=9 fit"):
        model(torch.zeros(2, 10, dtype=torch.int64))
    with pytest.raises(TypeError, match="tokens"):
        model(torch.zeros(2, 3))
