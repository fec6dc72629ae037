// The search page. PAGES is a list of [address, title of the page, heading, text]; see docs/delivery/search.py.
(() => {
  "use strict";
  const flat = text => text.normalize("NFKC").toLowerCase()
    .replace(/[’‘]/g, "'").replace(/\s+/g, " ")
    .replace(/\(\s*((?:none|\d+)(?:\s*,\s*(?:none|\d+))*)\s*,?\s*\)/g, (_, inside) => `(${inside.replace(/\s+/g, "")})`);

  // A shape is one word. So is a name with its dots. Chinese is cut into pairs of characters.
  const tokens = text => {
    const found = [];
    for (const [word] of text.matchAll(/\([\d,none]+\)|[a-z_][a-z_0-9]*|\d+(?:\.\d+)?|[\u3400-\u9fff]+/g)) {
      if (word < "\u3400") found.push(word.length > 3 && !word.startsWith("(") ? word.replace(/s$/, "") : word);
      else if (word.length === 1) found.push(word);
      else for (let i = 0; i + 1 < word.length; i++) found.push(word.slice(i, i + 2));
    }
    return found;
  };

  const counted = words => words.reduce((all, word) => all.set(word, (all.get(word) || 0) + 1), new Map());
  const sections = PAGES.map(([address, title, heading, text]) => {
    const words = tokens(flat(text));
    return {
      address, title, heading, text, flat: flat(`${heading} ${text}`), length: words.length,
      inText: counted(words), inHeading: new Set(tokens(flat(heading))), inTitle: new Set(tokens(flat(title))),
    };
  });
  const mean = sections.reduce((sum, it) => sum + it.length, 0) / sections.length;
  const rarity = word => {
    const having = sections.filter(it => it.inText.has(word) || it.inHeading.has(word)).length;
    return Math.log(1 + (sections.length - having + 0.5) / (having + 0.5));
  };

  // BM25, with more for a heading and a title, and for the whole query as it stands.
  const search = query => {
    const asked = flat(query).trim();
    const words = [...new Set(tokens(asked))].map(word => [word, rarity(word)]);
    const score = it => {
      let sum = 0;
      for (const [word, weight] of words) {
        const times = it.inText.get(word) || 0;
        sum += weight * (times * 2.2) / (times + 1.2 * (0.25 + 0.75 * it.length / mean));
        if (it.inHeading.has(word)) sum += 2 * weight;
        if (it.inTitle.has(word)) sum += weight;
      }
      return words.length > 1 && it.flat.includes(asked) ? 2 * sum : sum;
    };
    return sections.map(it => [score(it), it]).filter(([sum]) => sum > 0)
      .sort(([a], [b]) => b - a).slice(0, 20).map(([, it]) => it);
  };

  const excerpt = (text, query) => {
    const words = tokens(flat(query)).sort((a, b) => b.length - a.length);
    const low = text.toLowerCase();
    const at = Math.max(0, words.map(word => low.indexOf(word)).find(place => place >= 0) ?? 0);
    const from = Math.max(0, at - 80);
    return `${from ? "… " : ""}${text.slice(from, from + 240).trim()}${from + 240 < text.length ? " …" : ""}`;
  };

  const show = query => {
    const said = document.getElementById("said");
    const list = document.getElementById("found");
    list.replaceChildren();
    said.textContent = "";
    if (!query.trim()) return;
    const found = search(query);
    said.textContent = found.length ? `${said.dataset.found} ${found.length}` : said.dataset.none;
    for (const it of found) {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = it.address;
      link.textContent = it.heading;
      const where = document.createElement("p");
      where.className = "where";
      where.textContent = it.heading === it.title ? "" : it.title;
      const text = document.createElement("p");
      text.textContent = excerpt(it.text, query);
      item.append(link, where, text);
      list.append(item);
    }
  };

  const input = document.getElementById("query");
  input.value = new URLSearchParams(location.search).get("q") || "";
  input.addEventListener("input", () => show(input.value));
  input.form.addEventListener("submit", event => {
    event.preventDefault();
    history.replaceState(null, "", `?q=${encodeURIComponent(input.value)}`);
    show(input.value);
  });
  show(input.value);
})();
