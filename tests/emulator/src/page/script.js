"use strict";
// Updates the page while it is visible, and calls the control API. The data may be hostile, so the
// script adds it to the page as text, never as markup.
(() => {
  const INTERVAL_MS = 1000;
  const TIMEOUT_MS = 5000;
  const connection = document.getElementById("connection");
  const facts = document.querySelectorAll("#facts span");
  const shown = new Map();
  let timer;
  let isLoading = false;

  const make = (kind, text) => {
    const element = document.createElement(kind);
    element.textContent = text;
    return element;
  };

  const act = async (method, path, body) => {
    const result = document.getElementById("result");
    try {
      const response = await fetch(path, {
        method,
        body,
        headers: { "content-type": "application/json" },
        credentials: "omit",
        redirect: "error",
      });
      const text = await response.text();
      result.className = response.ok ? "good" : "bad";
      result.textContent = `${method} ${path}: ${response.status} ${text.slice(0, 500)}`;
    } catch (error) {
      result.className = "bad";
      result.textContent = `${method} ${path}: ${error.message}`;
    }
    refresh();
  };

  const button = ({ label, path, body }) => {
    const element = make("button", label);
    element.type = "button";
    element.addEventListener("click", () => act("POST", path, JSON.stringify(body)));
    return element;
  };

  const cell = (kind, { text, tone, details, buttons = [] }) => {
    const element = document.createElement(kind);
    if (details) {
      const content = document.createElement("details");
      content.append(make("summary", text), make("pre", details));
      element.append(content);
    } else {
      const content = make("span", text);
      content.className = tone;
      element.append(content);
    }
    element.append(...buttons.map(button));
    return element;
  };

  const row = (cells, heads) => {
    const element = document.createElement("tr");
    element.append(...cells.map((content, place) => {
      const made = cell(place === 0 ? "th" : "td", content);
      if (place === 0) made.scope = "row";
      made.className = heads[place].className;
      made.dataset.label = heads[place].textContent;
      return made;
    }));
    return element;
  };

  const showTable = (table) => {
    // An unchanged table is not replaced, so that a selection in it stays.
    const state = JSON.stringify(table);
    const section = document.getElementById(table.id);
    if (!section || shown.get(table.id) === state) return;
    shown.set(table.id, state);
    const link = document.querySelector(`#links a[href="#${table.id}"]`);
    const empty = section.querySelector(".empty");
    const isEmpty = table.rows.length === 0;
    if (empty) empty.hidden = !isEmpty;
    else section.hidden = link.parentElement.hidden = isEmpty;
    link.querySelector("b").textContent = table.total;
    section.querySelector("caption span").textContent = table.note;
    const heads = section.querySelectorAll("thead th");
    const body = section.querySelector("tbody");
    const name = (element) => element.querySelector("th").textContent;
    const open = new Set([...body.rows].filter((one) => one.querySelector("[open]")).map(name));
    body.replaceChildren(...table.rows.map((cells) => row(cells, heads)));
    for (const one of body.rows) {
      if (open.has(name(one))) one.querySelector("details").open = true;
    }
  };

  const show = (view) => {
    view.facts.forEach(({ cell: { text, tone } }, place) => {
      facts[place].textContent = text;
      facts[place].className = tone;
    });
    view.tables.forEach(showTable);
  };

  const setConnection = (state, text) => {
    // The text changes only with the state, because a screen reader reads every change aloud.
    if (document.body.dataset.connection === state) return;
    document.body.dataset.connection = state;
    connection.textContent = text;
  };

  const loadState = async () => {
    const response = await fetch("/_emulator/state", {
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.json();
  };

  const refresh = async () => {
    clearTimeout(timer);
    if (isLoading || document.hidden) return;
    isLoading = true;
    try {
      show(await loadState());
      setConnection("live", "Live");
    } catch {
      const time = new Date().toLocaleTimeString();
      setConnection("lost", `Connection lost at ${time}. The data below is old. Reconnecting.`);
    }
    isLoading = false;
    timer = setTimeout(refresh, INTERVAL_MS);
  };

  for (const form of document.forms) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const { submitter } = event;
      const method = submitter.dataset.method ?? "POST";
      const text = form.querySelector("textarea");
      const fields = Object.fromEntries(new FormData(form, submitter));
      if (fields.agents) fields.agents = Number(fields.agents);
      const body = method === "DELETE" ? undefined : text ? text.value : JSON.stringify(fields);
      act(method, form.dataset.path, body);
    });
  }
  document.getElementById("control").hidden = false;
  document.addEventListener("visibilitychange", refresh);
  refresh();
})();
