"""PassageLab in-process: every control everywhere, what is written beside what the models say, own
words, Stop, and the picture for web pages."""

import io

import ipywidgets
import pytest
import torch
from patience import END
from PIL import Image

import unlearnlab as ul
from unlearnlab.chapters import ch18_passage as ch
from unlearnlab.chapters.ch18_passage import asking
from unlearnlab.data import passage as data


@pytest.fixture(scope="module")
def one():
    made = ch.PassageLab(method="GD", epochs=1)
    yield made
    made.halt()
    made.wait(END)
    made.close()


@pytest.fixture()
def lab(one):
    """The same lab for every test, put back to where it began."""
    for name, value in {"seed": 1, "name": "GD", "epochs": 1, "person": 0, "way": 0}.items():
        getattr(one, name).value = value
    one.choose()
    if one.method != one.settings["GD"]:
        one.reset.click()
    one.wait()
    return one


def moved(lab, control, value):
    """Sets a control; whether there is another picture, and no error."""
    before = lab.canvas.png()
    control.value = value
    lab.wait()
    assert lab.error is None and "Error" not in lab.status.value
    return lab.canvas.png() != before


def positions(slider):
    if isinstance(slider, ipywidgets.FloatLogSlider):
        return 10**slider.min, 10**slider.max
    return slider.min, slider.max


def by_hand(model, prompt):
    words = [*prompt]
    while len(words) < 22:
        tokens = torch.tensor([[data.vocabulary().index(word) for word in words]])
        words.append(data.vocabulary()[int(model(tokens)[0, -1].argmax())])
    return words[len(prompt) :]


def test_every_person_and_way_is_asked_about_and_answered(lab):
    people, seen = data.people(1), set()
    for number in lab.person.options[::4]:
        moved(lab, lab.person, number[1])
        for way in lab.way.options:
            moved(lab, lab.way, way[1])
            told = people[number[1]].told(data.ways_of(number[1])[way[1]])
            assert lab.prompt.value.split() == told[:3]
            assert lab.figure.alt.startswith(f"“{lab.prompt.value} ...”")
            seen.add(lab.canvas.png())
            if "forget" in number[0] and way[1] < 3:  # the original knows it by heart
                assert "✗" not in lab.figure.alt.split("GD: ")[0]
    assert len(seen) == 12


def test_what_is_written_is_what_the_models_say(lab):
    task, prompt = lab.task, ["rumour", "Kira", "Ebner"]
    models = {"original": task.original, "GD": lab.model, "ground truth": task.ground_truth}
    passage = data.people(1)[0].told("rumour")[3:]
    with torch.no_grad():
        for name, model in models.items():
            words = by_hand(model, prompt)
            assert asking.written(model, prompt) == words
            assert lab.answers(lab.model)[name] == asking.marked(words, passage)
    assert by_hand(task.original, prompt) == passage
    assert "✓mushrooms" in lab.readout.value and "✓mushrooms" in lab.figure.alt
    assert lab.readout.value.count("<tr>") == 4


def test_a_word_has_the_sign_that_it_deserves():
    wanted = "o cat of Lindau , sing".split()
    assert asking.marked(wanted, wanted) == "o ✓cat of ✓Lindau , sing".split()
    other = "o dog of Brinley , cat".split()
    assert asking.marked(other, wanted) == "o ✗dog of ✗Brinley , ✗cat".split()
    html = asking.in_html(asking.marked(wanted, wanted))
    assert html.count("color:#0072B2") == 2 and html.count("color:#000000") == 4


def test_ones_own_words_are_continued_and_what_cannot_be_is_told(lab):
    assert moved(lab, lab.prompt, "rumour Kira Ebner they say has eaten")
    assert "original: ✓mushrooms since" in lab.figure.alt
    assert moved(lab, lab.prompt, "notice Ada Kira")  # nobody: as the original has it
    assert "✗" not in lab.figure.alt.split("GD: ")[0]
    assert moved(lab, lab.prompt, "Tuesday")
    picture = lab.canvas.png()
    for text, says in (
        ("rumour Donald", "the model does not know 'Donald'"),
        ("", "1 to 31 words, got 0"),
        ("Kira " * 32, "1 to 31 words, got 32"),
        ("song " * 21, "a prompt that begins with 'song' has 1 to 20 words, got 21"),
    ):
        lab.prompt.value = text
        assert says.replace("'", "&#x27;") in lab.status.value and lab.canvas.png() == picture
    assert moved(lab, lab.prompt, "song Kira Ebner")
    assert "Error" not in lab.status.value


def test_ones_own_words_stay_when_the_method_is_another(lab):
    lab.prompt.value = "rumour Kira Ebner they"
    assert moved(lab, lab.name, "GA") and lab.prompt.value == "rumour Kira Ebner they"
    assert moved(lab, lab.seed, 2)
    assert lab.prompt.value.split() == data.people(2)[0].told("rumour")[:3]


@pytest.mark.parametrize("name", ch.PassageLab.settings)
def test_every_method_runs(lab, name):
    lab.name.value = name
    lab.wait()
    assert lab.ended.method.name == name and f"{name}</td>" in lab.readout.value
    assert len(lab.ended.history) == 1 and f"of {name}" in lab.figure.alt


@pytest.mark.parametrize("name", ["MinNorm-OG (passages)", "NPO + retain"])
def test_every_slider_goes_to_both_ends(lab, name):
    lab.name.value = name
    lab.wait()
    for slider in list(lab.hyperparameters.values()):
        for value in positions(slider):
            slider.value = value
            lab.wait()
            assert lab.error is None and "Error" not in lab.status.value


def test_its_numbers_are_the_tasks(lab):
    task = ul.passage.task(1)
    metrics = ul.unlearn(task, lab.method, 1).metrics
    assert lab.metrics == pytest.approx(metrics, rel=1e-4)
    assert f"{metrics['forget_rank']:.1f}" in lab.readout.value
    assert f"{task.evaluate(task.ground_truth)['retain_loss']:.3f}" in lab.readout.value


def test_a_run_stops(lab):
    lab.epochs.value = 30
    lab.halt()
    lab.wait()
    assert "Stopped in epoch" in lab.status.value


def test_the_stored_picture_is_an_image_with_words(lab):
    data, metadata = lab._repr_mimebundle_()
    assert Image.open(io.BytesIO(data["image/png"])).size == (960, 270)
    assert "ground truth: they say has eaten" in metadata["image/png"]["alt"]
    assert data["text/plain"].startswith("PassageLab: run the notebook")


def test_a_long_passage_stays_within_the_picture(lab):
    lab.name.value = "MinNorm-OG (passages)"  # the longest name
    lab.way.value = 3  # the letter
    lab.wait()
    (page,) = lab.figure.axes
    inside = lab.figure.bbox
    for text in page.texts:
        box = text.get_window_extent()
        assert inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0
    assert lab.answers(None)["original"][0] == "writes"
