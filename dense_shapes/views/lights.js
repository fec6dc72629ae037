// Lights what an output cell reads, and what reads any other cell. All it knows stands in the figure.
(() => {
  for (const figure of document.querySelectorAll(".ds-figure:not(.ds-on)")) {
    const data = figure.querySelector("script[type='application/json']");
    if (!data) continue;
    figure.classList.add("ds-on");
    const { outs, sets: runs, rows, forms, names, says, hint } = JSON.parse(data.textContent);
    const sets = runs.map((run) => run.flatMap((start, n) =>
      n % 2 ? [] : Array.from({ length: run[n + 1] }, (_, more) => start + more)));
    const live = figure.querySelector(".ds-equation span");
    const box = figure.querySelector(".ds-picture");
    const panels = [...box.querySelectorAll("svg")];
    const cells = panels.map((svg) => [...svg.querySelectorAll("[data-cell]")]);
    const every = cells.flat();
    const outputs = outs.flatMap((n) => cells[n]);
    const panelOf = (cell) => cells.findIndex((some) => some.includes(cell));

    const show = (lit, text) => {
      for (const svg of panels) svg.classList.toggle("ds-lit", lit.size > 0);
      for (const cell of every) {
        cell.classList.toggle("lit", lit.has(cell));
        cell.setAttribute("aria-selected", lit.has(cell));
      }
      live.textContent = text;
    };
    const point = (cell) => {
      const row = rows[outputs.indexOf(cell)];
      if (row) {
        const lit = cells.flatMap((some, n) => sets[row[n + 1]].map((at) => some[at]));
        const words = forms[row[0]].map((part, n) => part + (row[cells.length + n + 1] ?? ""));
        return show(new Set([cell, ...lit]), words.join(""));
      }
      const panel = panelOf(cell);
      const at = cells[panel].indexOf(cell);
      const users = outputs.filter((_, n) => sets[rows[n][panel + 1]].includes(at));
      show(new Set([cell, ...users]), cell.getAttribute("aria-label") + says[0] + users.length + says[1]);
    };

    const drawn = new Set(every.filter((cell) => cell.classList.contains("lit")));
    const words = live.textContent || hint;
    let held = null;
    const rest = () => (held ? point(held) : show(drawn, words));

    // One cell at a time takes part in the order of the Tab key; arrows go on from there.
    const stop = (cell) => every.forEach((one) => one.setAttribute("tabindex", one === cell ? 0 : -1));
    const place = (cell) => [cell.x.baseVal.value, cell.y.baseVal.value];
    const next = (cell, axis, way) => {
      const panel = panelOf(cell);
      const far = (one) => (place(one)[axis] - place(cell)[axis]) * way;
      const line = cells[panel].filter((one) => place(one)[1 - axis] === place(cell)[1 - axis]);
      const [near] = line.filter((one) => far(one) > 0).sort((a, b) => far(a) - far(b));
      const beside = cells.filter((some, n) => some.length * (n - panel) * way > 0);
      return near ?? (axis ? null : beside.at(way > 0 ? 0 : -1)?.at(way > 0 ? 0 : -1));
    };
    const keys = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, -1], ArrowDown: [1, 1] };
    const on = (type, act) =>
      box.addEventListener(type, (event) => act(event, event.target.closest("[data-cell]")));

    on("pointerover", (_, cell) => (cell ? point(cell) : null));
    on("pointerleave", rest);
    on("click", (_, cell) => cell?.focus({ preventScroll: true }));
    on("focusin", (_, cell) => (cell ? (stop(cell), point((held = cell))) : null));
    on("focusout", () => ((held = null), rest()));
    on("keydown", (event, cell) => {
      if (event.key === "Escape") (held = null), rest();
      if (!cell || !keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      next(cell, ...keys[event.key])?.focus();
    });

    box.setAttribute("role", "listbox");
    box.setAttribute("aria-multiselectable", "true");
    box.setAttribute("aria-label", figure.getAttribute("aria-label"));
    for (const svg of panels) svg.setAttribute("role", "group");
    for (const text of box.querySelectorAll("text")) text.setAttribute("aria-hidden", "true");
    cells.forEach((some, panel) => some.forEach((cell) => {
      cell.setAttribute("role", "option");
      cell.setAttribute("aria-label", `${names[panel]}[${cell.dataset.cell.replaceAll(",", ", ")}]`);
    }));
    stop([...drawn].at(-1) ?? outputs[0]);
    show(drawn, words);
    live.parentNode.setAttribute("aria-live", "polite");
  }
})();
