// Moves a recorded lab under sliders. No kernel, no request to anywhere: what it draws was written
// down by site/record.py, and comes as a script, so a page works from a folder too.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const TENTH = 0.1; // places are kept in tenths of a pixel

/** Called by a recorded script: unpacks it, and fills every place of the page that asks for it. */
async function replay(name, packed) {
  const recorded = await unpack(packed);
  for (const place of document.querySelectorAll(`[data-replay="${name}"]`)) {
    new Replay(place, recorded).show();
  }
}

async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function element(tag, attributes = {}, parent = null) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (parent) parent.append(made);
  return made;
}

class Replay {
  constructor(place, recorded) {
    this.recorded = recorded;
    this.place = place;
    place.replaceChildren();
    const form = element("div", { class: "replay-controls" }, place);
    this.inputs = recorded.controls.map((control) => this.control(form, control));
    this.table = element("div", { class: "replay-table" }, place);
    this.picture = document.createElementNS(SVG, "svg");
    this.picture.setAttribute("viewBox", `0 0 ${recorded.size.join(" ")}`);
    this.picture.setAttribute("role", "img");
    place.append(this.picture);
    this.note = element("p", { class: "replay-note", "aria-live": "polite" }, place);
    this.clips = new Map();
  }

  /** A list for words, a slider for numbers; both are moved by keys. */
  control(form, { name, label, values, start }) {
    const row = element("label", { class: "replay-control" }, form);
    element("span", {}, row).textContent = label;
    let input;
    if (values.every((value) => !isNaN(parseFloat(value)))) {
      const most = values.length - 1;
      input = element("input", { type: "range", min: 0, max: most, step: 1, name }, row);
      input.value = start;
      const said = element("output", {}, row);
      const say = () => {
        said.textContent = values[input.value];
        input.setAttribute("aria-valuetext", values[input.value]);
      };
      input.addEventListener("input", say);
      say();
    } else {
      input = element("select", { name }, row);
      values.forEach((value, i) => (element("option", { value: i }, input).textContent = value));
      input.value = start;
    }
    input.addEventListener("input", () => this.show());
    return input;
  }

  /** The number of the setting, counted as the recording counted. */
  get position() {
    return this.recorded.controls.reduce(
      (sum, { values }, i) => sum * values.length + Number(this.inputs[i].value),
      0,
    );
  }

  show() {
    const state = this.recorded.states[this.position];
    this.place.dataset.position = this.position;
    if (!state) {
      this.note.textContent = "This setting was not recorded. Run the notebook to see it.";
      return;
    }
    this.picture.replaceChildren(...state.strokes.map((i) => this.stroke(i)));
    this.picture.setAttribute("aria-label", state.alt);
    this.table.innerHTML = state.table; // tables that the labs themselves wrote
    this.note.innerHTML = state.note;
  }

  /** One stroke, drawn once and kept. */
  stroke(number) {
    this.drawn ??= [];
    this.drawn[number] ??= this.draw(this.recorded.strokes[number]);
    return this.drawn[number];
  }

  draw(stroke) {
    const made = { path: this.path, marks: this.marks, words: this.words, image: this.image }[
      stroke.kind
    ].call(this, stroke);
    if (!stroke.clip) return made;
    const group = this.node("g", { "clip-path": `url(#${this.clip(stroke.clip)})` });
    group.append(made);
    return group;
  }

  node(tag, attributes) {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }

  look({ fill, fill_see, line, line_see, wide, dash }, scale = 1) {
    const look = { fill, stroke: line ?? "none", "stroke-linejoin": "round" };
    if (wide) look["stroke-width"] = wide * scale;
    if (dash) look["stroke-dasharray"] = dash.split(" ").map((part) => part * scale).join(" ");
    if (fill_see) look["fill-opacity"] = fill_see;
    if (line_see) look["stroke-opacity"] = line_see;
    return look;
  }

  path(stroke) {
    const own = { d: stroke.d, transform: `scale(${TENTH})` };
    return this.node("path", { ...own, ...this.look(stroke, 1 / TENTH) });
  }

  marks(stroke) {
    const group = this.node("g", {
      transform: `scale(${TENTH})`,
      ...this.look(stroke, 1 / TENTH),
    });
    for (const [x, y] of stroke.at) {
      group.append(this.node("path", { d: stroke.d, transform: `translate(${x} ${y})` }));
    }
    return group;
  }

  words({ text, x, y, size, w, turn, fill, bold, mono }) {
    const made = this.node("text", { x, y, fill, "font-size": size });
    if (w && text.trim()) {
      made.setAttribute("textLength", w);
      made.setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
    if (turn) made.setAttribute("transform", `rotate(${turn} ${x} ${y})`);
    if (bold) made.setAttribute("font-weight", "bold");
    if (mono) made.setAttribute("font-family", "monospace");
    made.textContent = text;
    return made;
  }

  image({ data, x, y, w, h }) {
    return this.node("image", {
      x, y, width: w, height: h,
      href: `data:image/png;base64,${data}`,
      style: "image-rendering: pixelated",
    });
  }

  /** The id of a clipping rectangle, made when it is first needed. */
  clip([x, y, width, height]) {
    const key = [x, y, width, height].join("_");
    if (!this.clips.has(key)) {
      const id = `clip-${Replay.count++}`;
      const clip = this.node("clipPath", { id });
      clip.append(this.node("rect", { x, y, width, height }));
      this.defs ??= this.hidden();
      this.defs.append(clip);
      this.clips.set(key, id);
    }
    return this.clips.get(key);
  }

  /** Clips live in a picture of their own: the shown one is emptied at every move. */
  hidden() {
    const aside = this.node("svg", { width: 0, height: 0, "aria-hidden": "true" });
    aside.style.position = "absolute";
    this.place.append(aside);
    const defs = this.node("defs", {});
    aside.append(defs);
    return defs;
  }
}
Replay.count = 0;
