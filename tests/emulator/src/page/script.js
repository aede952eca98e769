"use strict";
// Brings the page up to date, as long as somebody sees it. It puts text into the page, never
// markup: what it shows may be hostile.
(() => {
  const PERIOD = 1000;
  const PATIENCE = 5000;
  const connection = document.getElementById("connection");
  const facts = document.querySelectorAll("#facts span");
  const shown = new Map();
  let timer;
  let asking = false;

  const cell = (kind, { text, tone }) => {
    const content = document.createElement("span");
    content.className = tone;
    content.textContent = text;
    const element = document.createElement(kind);
    element.append(content);
    return element;
  };

  const row = (cells, heads) => {
    const element = document.createElement("tr");
    element.append(...cells.map((content, place) => {
      const made = cell(place === 0 ? "th" : "td", content);
      if (place === 0) made.scope = "row";
      made.className = heads[place].className;
      return made;
    }));
    return element;
  };

  const showTable = (table) => {
    // What has not changed is left alone, so that a selection in it stays.
    const state = JSON.stringify(table);
    const section = document.getElementById(table.id);
    if (!section || shown.get(table.id) === state) return;
    shown.set(table.id, state);
    const link = document.querySelector(`#links a[href="#${table.id}"]`);
    const empty = section.querySelector(".empty");
    const none = table.rows.length === 0;
    if (empty) empty.hidden = !none;
    else section.hidden = link.parentElement.hidden = none;
    link.querySelector("b").textContent = table.total;
    section.querySelector("caption span").textContent = table.note;
    const heads = section.querySelectorAll("thead th");
    section.querySelector("tbody").replaceChildren(...table.rows.map((cells) => row(cells, heads)));
  };

  const show = (view) => {
    view.facts.forEach(({ cell: { text, tone } }, place) => {
      facts[place].textContent = text;
      facts[place].className = tone;
    });
    view.tables.forEach(showTable);
  };

  const say = (state, text) => {
    // Said once: it is read aloud.
    if (document.body.dataset.connection === state) return;
    document.body.dataset.connection = state;
    connection.textContent = text;
  };

  const ask = async () => {
    const answer = await fetch("/_emulator/state", {
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return answer.json();
  };

  const refresh = async () => {
    clearTimeout(timer);
    if (asking || document.hidden) return;
    asking = true;
    try {
      show(await ask());
      say("live", "Live");
    } catch {
      const time = new Date().toLocaleTimeString();
      say("lost", `Connection lost at ${time}. What is shown is from before; trying again.`);
    }
    asking = false;
    timer = setTimeout(refresh, PERIOD);
  };

  document.addEventListener("visibilitychange", refresh);
  refresh();
})();
