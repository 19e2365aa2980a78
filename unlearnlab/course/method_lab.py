"""What labs share that run a method in a thread: its hyperparameters under sliders, and a new run
whenever one of them changes."""

import dataclasses

from ..methods import Method
from .controls import sliders
from .job import WorkingLab


class MethodLab(WorkingLab):
    """A lab that reruns the unlearning whenever the seed, the method or a hyperparameter changes.

    A subclass makes the controls `seed`, `name` (of the method), `epochs`, `reset` and the `box`
    that holds the hyperparameters, and calls `follow`. It has

    settings   name -> method on offer, with the values its sliders begin with
    samples    the largest n_pert
    hidden     hyperparameters without a slider

    unlearn(seed, method, epochs, stop)   in the job's thread
    """

    hidden = ()

    @property
    def method(self) -> Method:
        """The Method the sliders stand for. Raises ValueError for values that do not fit."""
        values = {name: slider.value for name, slider in self.hyperparameters.items()}
        return dataclasses.replace(self.settings[self.name.value], **values)

    def follow(self) -> None:
        """Makes the sliders, and from now on runs again when a control changes."""
        first = lambda event: self.refill(self.settings[self.name.value])
        self.fill(self.settings[self.name.value])
        self.seed.observe(self.start, "value")
        self.name.observe(first, "value")
        self.reset.on_click(first)

    def fill(self, method: Method) -> None:
        """New sliders, at the values of `method` as far as T allows them."""
        T, limited = self.epochs.value, ("descent_epochs", "max_epochs")
        long = [name for name in limited if getattr(method, name, 0) > T]
        made = sliders(dataclasses.replace(method, **dict.fromkeys(long, T)), T, self.samples)
        self.hyperparameters = {name: made[name] for name in made if name not in self.hidden}
        for control in self.hyperparameters.values():
            control.observe(self.start, "value")
        self.box.children = tuple(self.hyperparameters.values())

    def refill(self, method: Method) -> None:
        """New sliders, and a run."""
        self.fill(method)
        self.start()

    def chosen(self) -> tuple:
        """Seed, method and T."""
        return self.seed.value, self.method, self.epochs.value

    def start(self, event=None) -> None:
        """A new run in the thread, in place of the one before."""
        try:
            chosen = self.chosen()
        except ValueError as error:
            self.job.stop()
            self._say(str(error), "error")
            return
        self.job.start(lambda stop: self.unlearn(*chosen, stop))
