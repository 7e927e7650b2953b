const [form, sentence, file, status, results, query, drop] = [
  "ask",
  "sentence",
  "file",
  "status",
  "results",
  "query",
  "drop",
].map((id) => document.getElementById(id));

/** Makes an element; text never becomes markup. */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function say(text, failed = false) {
  status.textContent = text;
  status.classList.toggle("failed", failed);
}

let asked = 0;

/** Asks all indexes and shows the answers; an answer that has been overtaken is dropped. */
async function ask(path, request = {}) {
  const turn = ++asked;
  say("Searching…");
  try {
    const reply = await fetch(path, request);
    const answer = await reply.json();
    if (turn !== asked) return;
    if (!reply.ok) throw new Error(answer.error);
    show(answer);
  } catch (error) {
    if (turn === asked)
      say(error instanceof TypeError ? "The server does not answer; start it again." : error.message, true);
  }
}

function show({ results: answers, milliseconds }) {
  results.replaceChildren(...answers.map(column));
  const failed = answers.every(({ error }) => error !== undefined);
  say(failed ? answers[0].error : `${milliseconds.toFixed(0)} ms`, failed);
}

function column({ index, title, about, hits = [], unknown = [], error }) {
  const notes = [about];
  if (unknown.length > 0) notes.push(`Words it does not know: ${unknown.join(", ")}.`);
  return element(
    "section",
    { ariaLabel: title },
    element("h2", { textContent: title }),
    element("p", { textContent: notes.join(" ") }),
    ...(error === undefined ? [] : [element("p", { className: "problem", textContent: error })]),
    element("div", { className: "grid" }, ...hits.map((hit) => card(index, hit))),
  );
}

function card(index, { photo, row, score }) {
  const made = element(
    "button",
    {
      type: "button",
      className: "hit",
      title: photo,
      ariaLabel: `${photo}, score ${score.toFixed(3)}: more like it`,
    },
    element("img", { src: `/photo/${index}/${row}`, alt: photo, loading: "lazy" }),
    element("span", { className: "name", textContent: photo }),
    element(
      "span",
      { className: "score" },
      score.toFixed(3),
      element("meter", { min: 0, max: 1, value: Math.max(0, score) }),
    ),
  );
  made.addEventListener("click", () => {
    location.hash = new URLSearchParams({ index, row, photo });
  });
  return made;
}

/** A photo is asked for; the sentence of before no longer is. */
function showQuery(source, caption) {
  sentence.value = "";
  query.replaceChildren(
    element("img", { src: source, alt: caption }),
    element("span", { textContent: `Like ${caption}` }),
  );
  query.hidden = false;
}

/** What is asked stands in the address, so that going back asks again. */
function askAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  query.hidden = true;
  if (wanted.has("q")) {
    sentence.value = wanted.get("q");
    return ask(`/api/search?${new URLSearchParams({ q: wanted.get("q") })}`);
  }
  if (!wanted.has("row")) return undefined;
  const [index, row] = [wanted.get("index"), wanted.get("row")];
  showQuery(`/photo/${encodeURIComponent(index)}/${encodeURIComponent(row)}`, wanted.get("photo") ?? "");
  return ask(`/api/like?${new URLSearchParams({ index, row })}`);
}

function askPhoto(photo) {
  if (!photo) return;
  history.replaceState(null, "", location.pathname);
  const source = URL.createObjectURL(photo);
  showQuery(source, photo.name);
  ask("/api/photo", { method: "POST", body: photo });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const hash = `#${new URLSearchParams({ q: sentence.value })}`;
  if (location.hash === hash) askAddress();
  else location.hash = hash;
});
document.getElementById("choose").addEventListener("click", () => file.click());
file.addEventListener("change", () => askPhoto(file.files[0]));
addEventListener("hashchange", askAddress);

addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.hidden = false;
});
addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) drop.hidden = true;
});
addEventListener("drop", (event) => {
  event.preventDefault();
  drop.hidden = true;
  askPhoto(event.dataTransfer.files[0]);
});

/** The result beside the focused one: by order sideways, by place up and down. */
function neighbour(key, from) {
  const cards = [...document.querySelectorAll(".hit")];
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (step !== undefined) return cards[cards.indexOf(from) + step];
  const here = from.getBoundingClientRect();
  const rows = cards.filter((one) => {
    const { top } = one.getBoundingClientRect();
    return key === "ArrowDown" ? top > here.top + 1 : top < here.top - 1;
  });
  const distance = (one) => {
    const { left, top } = one.getBoundingClientRect();
    return Math.abs(top - here.top) * 1000 + Math.abs(left - here.left);
  };
  return rows.sort((one, other) => distance(one) - distance(other))[0];
}

addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (key === "/" && target !== sentence) {
    event.preventDefault();
    sentence.select();
    sentence.focus();
  }
  if (key === "ArrowDown" && target === sentence) {
    event.preventDefault();
    document.querySelector(".hit")?.focus();
  }
  if (!key.startsWith("Arrow") || !target.classList?.contains("hit")) return;
  event.preventDefault();
  (neighbour(key, target) ?? (key === "ArrowUp" ? sentence : target)).focus();
});

askAddress();
