"""How does a reader's browser see a notebook? JupyterLab on a copy of the notebooks, Chromium
on JupyterLab, and what a reader does.

def test_the_fit_follows_the_slider(lab):
    lab.open("04_sine_poisoning.ipynb")
    lab.run_all()
    with lab.new_picture():
        lab.slider("epochs").press("ArrowRight", times=3)
    lab.click_button("Compare all methods")
    lab.wait_for_text("done")
    lab.screenshot("sine-lab")
    lab.assert_clean()
"""

import contextlib
import os
import re
from pathlib import Path

import nbformat
from patience import QUIET, wait_for

IS_LOADED = "() => window.jupyterapp !== undefined"
OPEN = "path => { window.jupyterapp.commands.execute('docmanager:open', {path}); }"
IS_OPEN = """path => {
  const context = window.jupyterapp?.shell?.currentWidget?.context;
  const session = context?.sessionContext;
  return context?.path === path && context.isReady && session?.isReady
    && !!session.session?.kernel;
}"""
CLOSE = """async () => {
  await window.lab.session.shutdown();
  window.lab.panel.dispose();
}"""


# Kept in the page: messages of the kernel, requests it has not finished, and errors that no cell
# shows, such as a widget callback's.
LISTEN = """() => {
  const panel = window.jupyterapp.shell.currentWidget, session = panel.context.sessionContext;
  const lab = window.lab = {panel, session, errors: [], unfinished: new Set(), running: false};
  Object.assign(lab, {heard: 0, asked: 0, settled: -1});
  session.session.anyMessage.connect((_, {msg, direction}) => {
    const {channel, header, content, parent_header} = msg;
    lab.heard += 1;
    if (direction === 'send' && channel === 'shell') lab.unfinished.add(header.msg_id);
    if (direction === 'send' && header.msg_type !== 'kernel_info_request') lab.asked += 1;
    if (direction === 'send' || channel !== 'iopub') return;
    if (content.execution_state === 'idle') lab.unfinished.delete(parent_header.msg_id);
    if (header.msg_type === 'error') lab.errors.push(`${content.ename}: ${content.evalue}`);
    const traceback = content.name === 'stderr' && content.text.includes('Traceback');
    if (traceback) lab.errors.push(content.text);
  });
}"""
RUN_ALL = """() => {
  window.lab.running = true;
  const done = window.jupyterapp.commands.execute('notebook:run-all-cells');
  done.finally(() => { window.lab.running = false; });
}"""


# Idle: the kernel has finished what it was asked, and since the last request an echo has come back
# and a frame was drawn. One answer may cause the next request, and messages are handled in order:
# before the echo is here, the page may not show what came before it.
IS_IDLE = """() => {
  const lab = window.lab, asked = lab.asked, kernel = lab.session.session.kernel;
  if (kernel.connectionStatus !== 'connected') return false;
  if (lab.running || lab.unfinished.size > 0) return false;
  if (lab.settled === asked) return true;
  kernel.requestKernelInfo().then(() => requestAnimationFrame(() => { lab.settled = asked; }));
  return false;
}"""
# The source of a cell that shows a lab; in the page, the labs in their order, and all widgets.
MAKES_A_LAB = re.compile(r"\bch\w*\.\w+Lab\(")
LAB = ".jp-OutputArea-output:has(.widget-slider)"
WIDGET = ".jp-OutputArea .jupyter-widgets"
HEARD = "() => window.lab?.heard"
PICTURE = """async img => {
  const file = await fetch(img.src), bytes = new Uint8Array(await file.arrayBuffer());
  const hash = bytes.reduce((hash, byte) => (Math.imul(hash, 31) + byte) | 0, 0);
  return `${bytes.length} bytes, ${hash}`;
}"""
EXECUTE = "code => { window.lab.session.session.kernel.requestExecute({code, silent: true}); }"
UNNUMBERED = """() => window.lab.panel.content.widgets
  .filter(cell => cell.model.type === 'code' && cell.model.executionCount === null)
  .filter(cell => cell.model.sharedModel.getSource().trim())
  .map(cell => cell.model.sharedModel.getSource())"""
OUTPUT_ERRORS = """() => window.lab.panel.content.widgets
  .filter(cell => cell.model.type === 'code')
  .flatMap(cell => cell.model.outputs.toJSON())
  .filter(output => output.output_type === 'error')
  .map(output => `${output.ename}: ${output.evalue}`)"""


class Slider:
    """One ipywidgets slider, found by its description in the nth lab of the notebook."""

    def __init__(self, lab, description, nth=0):
        row = (
            lab.page.locator(LAB)
            .nth(nth)
            .locator(".widget-slider")
            .filter(has=lab.page.get_by_text(description, exact=True))
            .first
        )
        self.handle, self._readout, self._lab = (
            row.locator(".noUi-handle").first,
            row.locator(".widget-readout"),
            lab,
        )
        lab.wait_until(self.handle.is_visible, f"no slider {description!r} to be seen")

    def press(self, key="ArrowRight", times=1):
        """Moves by keyboard: ArrowRight, ArrowLeft, Home, End. Returns the new readout."""
        self.handle.focus()
        for _ in range(times):
            self.handle.press(key)
        self._lab.wait_idle()
        return self.readout

    @property
    def readout(self):
        """The number beside the slider, as text."""
        return self._readout.inner_text()


class Lab:
    """JupyterLab on `folder`, a copy of the notebooks that a test may change, in the browser's one
    page. The page loads JupyterLab once; every test opens notebooks of its own there."""

    def __init__(self, server, browser):
        self.folder, self._server = server.folder, server
        self.page = browser.pages[0] if browser.pages else browser.new_page()
        self.console_errors, self._loaded = [], 0
        self._heard = {
            "console": self._complained,
            "pageerror": lambda error: self.console_errors.append(str(error)),
            "requestfinished": self._count,
        }
        for event, hear in self._heard.items():
            self.page.on(event, hear)

    def _complained(self, message):
        if message.type == "error":
            self.console_errors.append(message.text)

    def _count(self, request):
        # not what `picture` and JupyterLab ask for again and again
        if request.url.startswith("http") and "/api/" not in request.url:
            self._loaded += 1

    def write(self, name, *cells):
        """Makes a notebook of these code cells in `folder`, not executed; returns its name."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells]
        )
        notebook.metadata.kernelspec = {
            "display_name": "Python 3",
            "language": "python",
            "name": "python3",
        }
        nbformat.write(notebook, self.folder / name)
        return name

    def open(self, name):
        """Shows the notebook `name` of `folder` and waits for its kernel."""
        if self.page.evaluate(IS_LOADED):
            self.page.evaluate(OPEN, name)
        else:
            url = f"{self._server.url}/{self._server.opens}/{name}?token={self._server.token}&reset"
            self.page.goto(url, wait_until="commit")
        self.wait_until(lambda: self.page.evaluate(IS_OPEN, name), f"{name} does not open")
        self.page.evaluate(LISTEN)
        self.wait_idle()

    def open_labs(self, *names):
        """Shows of the notebooks `names` the first cell, which imports and loads, and those with a
        lab, not executed: a browser takes longer to draw the rest than a lab takes to move."""
        cells = []
        for name in names:
            notebook = nbformat.read(self.folder / name, as_version=4)
            first, *others = [c.source for c in notebook.cells if c.cell_type == "code"]
            cells += [first, *filter(MAKES_A_LAB.search, others)]
        self.open(self.write(f"labs_of_{names[0]}", *cells))

    def run_all(self):
        """Runs every cell and waits.
        After an error JupyterLab leaves the rest unexecuted; assert_clean tells."""
        self.page.evaluate(RUN_ALL)
        self.wait_idle()

    def execute(self, code):
        """Runs code in the notebook's kernel, in no cell, and waits."""
        self.page.evaluate(EXECUTE, code)
        self.wait_idle()

    def wait_until(self, ready, what, quiet=QUIET):
        """Waits until `ready()` is true: while files load, messages come, the server's log grows
        or a kernel works, without hurry."""
        signs = lambda: (self._loaded, self.page.evaluate(HEARD), *self._server.signs())
        return wait_for(
            ready, what, signs, lambda seconds: self.page.wait_for_timeout(1000 * seconds), quiet
        )

    def wait_idle(self):
        """Waits until no cell and no callback runs. A thread of the notebook may run on: wait
        for what it shows."""
        self.wait_until(
            lambda: self.page.evaluate(IS_IDLE), lambda: f"still running, {self.problems()}"
        )

    def slider(self, description, nth=0):
        """The slider so described in the nth lab."""
        return Slider(self, description, nth)

    def click_button(self, text):
        """Presses the widget button with this text."""
        self.page.locator(".jp-OutputArea .widget-button").filter(has_text=text).first.click()
        self.wait_idle()

    def wait_for_text(self, text):
        """Waits until a widget shows this text. An output stored in the notebook does not count."""
        self.wait_until(
            self.page.locator(WIDGET).filter(has_text=text).first.is_visible, f"no text {text!r}"
        )

    def picture(self, nth=0):
        """A digest, as text, of the bytes that the nth Image widget shows now."""
        return self.page.locator(".jp-OutputArea img.widget-image").nth(nth).evaluate(PICTURE)

    @contextlib.contextmanager
    def new_picture(self, nth=0, quiet=QUIET):
        """What happens inside must change the nth Image widget; AssertionError if it has not
        and all is quiet."""
        before = self.picture(nth)
        yield
        self.wait_until(lambda: self.picture(nth) != before, f"picture {nth} did not change", quiet)

    def screenshot(self, name, of=None):
        """To be looked at: the whole notebook, or the first element `of` (CSS), as `name`.png
        in $UNLEARNLAB_SCREENSHOTS, if that is set.

        of=LAB is the first lab alone.
        """
        folder = os.environ.get("UNLEARNLAB_SCREENSHOTS")
        if not folder:
            return
        small, scrolls = self.page.viewport_size, self.page.locator(".jp-WindowedPanel-outer").first
        height = scrolls.evaluate("e => { e.scrollTop = 0; return e.scrollHeight; }")
        self.page.set_viewport_size({"width": small["width"], "height": min(height + 120, 16000)})
        scrolls.evaluate("e => { e.scrollTop = 0; }")
        self.page.wait_for_timeout(500)
        Path(folder).mkdir(parents=True, exist_ok=True)
        (self.page.locator(of).first if of else self.page).screenshot(
            path=Path(folder) / f"{name}.png"
        )
        self.page.set_viewport_size(small)

    def problems(self):
        """What a reader or the browser's console would complain about, in words."""
        return (
            [f"not executed: {source[:60]!r}" for source in self.page.evaluate(UNNUMBERED)]
            + [f"error output: {text}" for text in self.page.evaluate(OUTPUT_ERRORS)]
            + [
                f"error in the kernel: {text}"
                for text in self.page.evaluate("() => window.lab.errors")
            ]
            + [f"console: {text}" for text in self.console_errors]
        )

    def assert_clean(self):
        """Every cell numbered, no error in an output, a callback or the browser's console."""
        problems = self.problems()
        assert not problems, "\n".join(problems)

    def close(self):
        """Shuts the notebook's kernel down and closes the notebook; the page, too, where that
        fails."""
        for event, hear in self._heard.items():
            self.page.remove_listener(event, hear)
        try:
            self.page.evaluate(CLOSE)
        except Exception:
            self.page.close()
