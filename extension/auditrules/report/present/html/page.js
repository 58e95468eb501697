"use strict";
// Texts come from hosts: they are put into the document as text only, never as markup.
(() => {
  const DATA = JSON.parse(document.getElementById("data").textContent);
  const SLICE = 100; // rows that are drawn at once
  const NUMBER = new Intl.NumberFormat("en");
  const BY_NAME = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const CALENDAR = [-62135596800, 253402300799]; // the years 1 to 9999

  const make = (tag, name, ...inside) => {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.append(...inside);
    return element;
  };
  const button = (name, text) => {
    const made = make("button", name, text);
    made.type = "button";
    return made;
  };
  const say = (text) => { document.getElementById("announcement").textContent = text; };
  const utc = (ago, never) => {
    if (ago === null) return make("span", "quiet", never);
    const seconds = DATA.made_at - ago;
    const known = seconds >= CALENDAR[0] && seconds <= CALENDAR[1];
    const text = known ? new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ") : `@${seconds}`;
    return make("span", "time", text);
  };

  // A column gives each row a code; texts say what a code means, keys in which order codes sort.
  const coded = ({ texts, codes }) => ({
    codes,
    texts,
    keys() {
      const rank = new Float64Array(texts.length);
      texts.map((_, code) => code).sort((a, b) => BY_NAME.compare(texts[a], texts[b])).forEach((code, place) => { rank[code] = place; });
      return Float64Array.from(codes, (code) => rank[code]);
    },
    hits(word) {
      this.lower ??= texts.map((text) => text.toLowerCase());
      return Uint8Array.from(this.lower, (text) => (text.includes(word) ? 1 : 0));
    },
  });
  const ordered = (column) => ({ ...coded(column), names: column.names, keys: () => Float64Array.from(column.codes) });
  const timed = ({ ago }) => ({ ago, keys: () => Float64Array.from(ago, (each) => (each === null ? -1e18 : -each)) });

  const badge = (column, row, kind) => make("span", `badge ${kind} ${column.names[column.codes[row]]}`, column.texts[column.codes[row]]);
  const text = (column, row) => column.texts[column.codes[row]];
  const cell = (tag, ...inside) => {
    const made = make(tag, "", ...inside);
    if (tag === "th") made.scope = "row";
    return made;
  };
  const twice = (first, second) => (second ? [make("strong", "", first), " ", make("span", "quiet", second)] : [make("strong", "", first)]);

  class Table {
    constructor(name, count, columns, { searched, choices, start, draw }) {
      this.section = document.querySelector(`[data-table="${name}"]`);
      this.body = this.section.querySelector("tbody");
      this.width = this.section.querySelectorAll("thead th").length;
      this.status = this.section.querySelector(".shown");
      this.further = this.section.querySelector(".further");
      this.input = this.section.querySelector("[data-text]");
      this.nothing = this.body.querySelector(".none")?.textContent;
      this.columns = columns;
      this.searched = searched.map((each) => columns[each]);
      this.draw = draw;
      this.keys = {};
      this.start = start;
      this.all = Uint32Array.from({ length: count }, (_, row) => row);
      this.selects = [...this.section.querySelectorAll("[data-filter]")];
      this.tests = this.selects.map((select) => this.fill(select, choices[select.dataset.filter]));
      this.heads();
      this.input.addEventListener("input", () => this.show());
      this.selects.forEach((select) => select.addEventListener("change", () => this.show()));
      this.further.addEventListener("click", () => {
        this.extend();
        if (this.further.hidden) this.section.querySelector(".scroll").focus(); // where the keyboard was is gone
      });
      this.section.querySelector("[data-clear]").addEventListener("click", () => this.clear());
      this.section.querySelector("[data-csv]").addEventListener("click", () => save(`${name}.csv`, this.csv()));
      this.section.querySelector(".filters").hidden = false;
      this.reset();
      this.show();
    }

    // The options of a filter, each a test of a row, with how many rows it lets through.
    fill(select, options) {
      return options.map(({ label, test, count }, place) => {
        const rows = count ?? this.all.reduce((sum, row) => sum + (test(row) ? 1 : 0), 0);
        const option = make("option", "", `${label} (${NUMBER.format(rows)})`);
        option.value = place;
        select.append(option);
        return test;
      });
    }

    heads() {
      for (const head of this.section.querySelectorAll("th[data-column]")) {
        upgrade(head, (descending) => this.sort(head.dataset.column, descending));
      }
    }

    sort(name, descending) {
      const keys = (this.keys[name] ??= this.columns[name].keys());
      const sign = descending ? -1 : 1;
      this.all.sort((a, b) => sign * (keys[a] - keys[b]) || a - b);
      this.show();
    }

    reset() {
      this.input.value = "";
      this.selects.forEach((select) => { select.value = this.start[select.dataset.filter] ?? 0; });
    }

    untouched() {
      return !this.input.value && this.selects.every((select) => Number(select.value) === (this.start[select.dataset.filter] ?? 0));
    }

    clear() {
      this.choose({}, "");
      this.input.focus();
    }

    // Choose by the place of an option in each filter, and by words.
    choose(places, words, only = anything) {
      this.selects.forEach((select) => { select.value = places[select.dataset.filter] ?? 0; });
      this.input.value = words;
      this.only = only;
      this.show();
    }

    // The rows that match, not only those that are drawn.
    csv() {
      const names = Object.keys(this.columns);
      const value = (column, row) => (column.ago ? utc(column.ago[row], "").textContent : column.texts[column.codes[row]]);
      const line = (cells) => `${cells.map(quoted).join(",")}\r\n`;
      return [line(names), ...Array.from(this.found, (row) => line(names.map((name) => value(this.columns[name], row))))];
    }

    matching() {
      const tests = this.selects.map((select, place) => this.tests[place][Number(select.value)]).filter((test) => test !== anything);
      const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
      const hits = words.map((word) => this.searched.map((column) => [column.codes, column.hits(word)]));
      return this.all.filter((row) => (this.only ?? anything)(row) && tests.every((test) => test(row)) && hits.every((word) => word.some(([codes, hit]) => hit[codes[row]])));
    }

    show() {
      this.found = this.matching();
      this.body.replaceChildren();
      this.drawn = 0;
      if (!this.found.length) {
        const none = make("td", "none", (this.untouched() && this.nothing) || "No row matches.");
        none.colSpan = this.width;
        this.body.append(make("tr", "", none));
      }
      this.extend();
    }

    extend() {
      const until = Math.min(this.drawn + SLICE, this.found.length);
      const rows = document.createDocumentFragment();
      for (; this.drawn < until; this.drawn += 1) rows.append(this.draw(this.found[this.drawn], this.width));
      this.body.append(rows);
      const left = this.found.length - this.drawn;
      this.further.hidden = left === 0;
      this.further.textContent = `Show ${NUMBER.format(Math.min(SLICE, left))} more of ${NUMBER.format(left)}`;
      this.status.textContent = `Shown: ${NUMBER.format(this.drawn)} of ${NUMBER.format(this.found.length)} matching; ${NUMBER.format(this.all.length)} in all`;
    }
  }

  // A cell of CSV; what a spreadsheet would take for a formula begins with an apostrophe.
  const quoted = (value) => {
    const safe = /^[\s\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(value) ? `'${value}` : value;
    return `"${safe.replaceAll('"', '""')}"`;
  };
  function save(name, lines) {
    const link = make("a", "");
    link.href = URL.createObjectURL(new Blob(lines, { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    say(`${NUMBER.format(lines.length - 1)} rows are saved.`);
  }

  const anything = () => true;
  const all = { label: "All", test: anything };
  const each = (column, codes = column.texts.map((_, code) => code)) => {
    const counts = new Uint32Array(column.texts.length);
    for (const code of column.codes) counts[code] += 1;
    return [all, ...codes.map((code) => ({ label: column.texts[code] || "none", test: (row) => column.codes[row] === code, count: counts[code] }))];
  };
  const byName = (column) => each(column, column.texts.map((_, code) => code).sort((a, b) => BY_NAME.compare(column.texts[a], column.texts[b])));

  // A heading becomes a button that sorts, first up and then down.
  function upgrade(head, sort) {
    const press = button("", head.textContent);
    head.replaceChildren(press);
    head.setAttribute("aria-sort", "none");
    // Chromium repeats a table's headings on each printed page, and leaves buttons in them empty.
    addEventListener("beforeprint", () => head.replaceChildren(press.textContent));
    addEventListener("afterprint", () => head.replaceChildren(press));
    press.addEventListener("click", () => {
      const descending = head.getAttribute("aria-sort") === "ascending";
      for (const other of head.parentElement.children) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
      head.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sort(descending);
    });
  }

  // A small table, all of whose rows are in the document.
  function sortable(table) {
    const body = table.tBodies[0];
    const value = (row, place) => {
      const found = row.children[place];
      return found.dataset.value ?? found.textContent;
    };
    [...table.tHead.rows[0].cells].forEach((head, place) => {
      if ("unsorted" in head.dataset) return;
      upgrade(head, (descending) => {
        const compare = head.classList.contains("number") ? (a, b) => a - b : BY_NAME.compare;
        const rows = [...body.rows].sort((a, b) => (descending ? -1 : 1) * compare(value(a, place), value(b, place)));
        body.append(...rows);
      });
    });
  }

  // The filters of the tables of controls, all of whose rows are in the document.
  function filterControls(section) {
    const rows = [...section.querySelectorAll("tr[data-place]")];
    const selects = [...section.querySelectorAll("[data-filter]")];
    if (!selects.length) return;
    const tests = selects.map((select) => {
      const column = DATA.about[select.dataset.filter];
      const choices = select.dataset.filter === "benchmark" ? each(column) : byName(column);
      choices.forEach(({ label, count }, place) => {
        const option = make("option", "", `${label} (${NUMBER.format(count ?? rows.length)})`);
        option.value = place;
        select.append(option);
      });
      return choices;
    });
    const apply = () => {
      const chosen = selects.map((select, place) => tests[place][select.value].test);
      for (const row of rows) row.hidden = !chosen.every((test) => test(Number(row.dataset.place)));
      for (const part of section.querySelectorAll("[data-benchmark]")) part.hidden = !part.querySelector("tr[data-place]:not([hidden])");
      const left = rows.filter((row) => !row.hidden).length;
      say(`${NUMBER.format(left)} of ${NUMBER.format(rows.length)} controls are shown.`);
    };
    for (const select of selects) select.addEventListener("change", apply);
    section.querySelector(".filters").hidden = false;
  }

  const hosts = {
    key: coded(DATA.hosts.key), name: coded(DATA.hosts.name), group: coded(DATA.hosts.group), why: coded(DATA.hosts.why), failures: coded(DATA.hosts.failures),
    state: ordered(DATA.hosts.state), status: ordered(DATA.hosts.status), last_seen: timed(DATA.hosts.last_seen),
  };

  const findings = (() => {
    const data = DATA.findings;
    const ofControl = (column) => ({ texts: column.texts, codes: data.control.map((control) => column.codes[control]) });
    const ofHost = (column) => ({ texts: column.texts, codes: data.host.map((host) => column.codes[host]) });
    return {
      host: coded(ofHost(hosts.name)), key: coded(ofHost(hosts.key)), group: coded(ofHost(hosts.group)),
      control: coded({ texts: DATA.controls.map(([label, title]) => `${label} ${title}`), codes: data.control }),
      target: coded(data.target), logged: coded(data.logged), reason: coded(data.reason), evidence: coded(data.evidence),
      next_boot: coded(data.next_boot), waiver: { ...coded(data.waiver), names: data.waiver.names },
      status: ordered(data.status), since: timed(data.since), seen: timed(data.seen),
      benchmark: coded(ofControl(DATA.about.benchmark)), family: coded(ofControl(DATA.about.family)), level: coded(ofControl(DATA.about.level)),
    };
  })();

  const waiverNames = DATA.findings.waiver.names;
  const waivedAs = (name) => (row) => waiverNames[DATA.findings.waiver.codes[row]] === name;

  function copyable(line) {
    const copy = button("copy", "Copy");
    copy.setAttribute("aria-label", `Copy the commands ${line}`);
    return make("div", "copyable", make("pre", "", make("code", "", line)), copy);
  }

  function remediationOf(row) {
    const found = DATA.findings.remediation.rows[DATA.findings.remediation.codes[row]];
    if (!found) return [make("p", "todo", "No remediation: the control is in no benchmark that this version of the report knows.")];
    const [advice, line, elsewhere] = found;
    const todo = make("p", "todo", advice);
    if (elsewhere) todo.append(" ", make("strong", "", "This path is the benchmark's, and the host uses another one: check which you need before you add the line."));
    return line ? [todo, copyable(line)] : [todo];
  }

  function detail(row, width) {
    const list = make("dl", "");
    const fact = (name, value) => { if (value) list.append(make("dt", "", name), make("dd", "", value)); };
    fact("host key", text(findings.key, row));
    fact("last logged status", text(findings.logged, row));
    fact("last seen", utc(findings.seen.ago[row], "never"));
    fact("after the next boot", text(findings.next_boot, row));
    const inside = make("td", "", list);
    inside.colSpan = width;
    if (findings.status.names[findings.status.codes[row]] === "fail") inside.append(make("h3", "", "Remediation"), ...remediationOf(row));
    return make("tr", "detail", inside);
  }

  function drawFinding(row, width) {
    const [label, title] = DATA.controls[DATA.findings.control[row]];
    const opener = button("opener", "");
    opener.setAttribute("aria-expanded", "false");
    opener.setAttribute("aria-label", `Details of ${text(findings.host, row)}, ${label}`);
    const why = cell("td", make("strong", "", text(findings.reason, row)), " ", make("span", "meaning", DATA.findings.reason.meanings[DATA.findings.reason.codes[row]]), " ", make("span", "evidence", text(findings.evidence, row)));
    if (text(findings.waiver, row)) why.append(make("span", `waiver ${findings.waiver.names[findings.waiver.codes[row]]}`, text(findings.waiver, row)));
    const drawn = make("tr", "",
      cell("td", badge(findings.status, row, "")),
      cell("th", opener, linked(text(findings.host, row), text(findings.key, row)), ...twice("", text(findings.group, row)).slice(1)),
      cell("td", ...twice(label, title)),
      cell("td", make("code", "", text(findings.target, row))),
      why,
      cell("td", utc(findings.since.ago[row], "unknown")));
    opener.addEventListener("click", () => {
      const open = opener.getAttribute("aria-expanded") === "true";
      if (open) drawn.nextElementSibling.remove();
      else drawn.after(detail(row, width));
      opener.setAttribute("aria-expanded", String(!open));
    });
    return drawn;
  }

  // A host's own address within the page shows all of its controls.
  const OF_HOST = "#host=";
  function linked(name, key) {
    const link = make("a", "", make("strong", "", name));
    link.href = OF_HOST + encodeURIComponent(key);
    return link;
  }
  function followed() {
    if (!location.hash.startsWith(OF_HOST)) return;
    let key;
    try { key = decodeURIComponent(location.hash.slice(OF_HOST.length)); } catch { return; }
    failures.choose({}, "", (row) => text(findings.key, row) === key);
    failures.section.scrollIntoView();
  }

  function drawHost(row) {
    const name = text(hosts.name, row);
    const key = text(hosts.key, row);
    const cells = [cell("td", badge(hosts.state, row, "state")), cell("th", linked(name, key), ...twice("", key === name ? "" : key).slice(1))];
    if (document.getElementById("groups")) cells.push(cell("td", text(hosts.group, row)));
    cells.push(cell("td", badge(hosts.status, row, "")), cell("td", text(hosts.failures, row)), cell("td", utc(hosts.last_seen.ago[row], "never")), cell("td", text(hosts.why, row)));
    return make("tr", "", ...cells);
  }

  const changes = {
    at: timed(DATA.changes.at), kind: ordered(DATA.changes.kind), host: coded(DATA.changes.host), control: coded(DATA.changes.control),
    target: coded(DATA.changes.target), before: coded(DATA.changes.before), after: coded(DATA.changes.after), evidence: coded(DATA.changes.evidence),
  };

  function drawChange(row) {
    const evidence = cell("td", text(changes.evidence, row));
    evidence.className = "evidence";
    return make("tr", "",
      cell("td", utc(changes.at.ago[row], "never")), cell("td", badge(changes.kind, row, "kind")),
      cell("th", make("strong", "", text(changes.host, row))), cell("td", text(changes.control, row)),
      cell("td", make("code", "", text(changes.target, row))), cell("td", text(changes.before, row)), cell("td", text(changes.after, row)), evidence);
  }

  document.querySelectorAll("table.sortable").forEach(sortable);
  filterControls(document.getElementById("controls"));
  const failures = new Table("findings", DATA.findings.host.length, findings, {
    searched: ["host", "key", "target", "reason", "evidence"],
    choices: {
      status: each(findings.status),
      benchmark: each(findings.benchmark),
      family: byName(findings.family),
      level: byName(findings.level),
      control: each(findings.control),
      group: byName(findings.group),
      waiver: [all, { label: "Not waived", test: (row) => !waivedAs("active")(row) }, { label: "Waived", test: waivedAs("active") }, { label: "Waiver expired", test: waivedAs("expired") }],
    },
    start: { status: 1 + findings.status.names.indexOf("fail") },
    draw: drawFinding,
  });
  const reporting = hosts.state.names.indexOf("reporting");
  new Table("hosts", hosts.state.codes.length, hosts, {
    searched: ["name", "key", "why"],
    choices: {
      state: [all, { label: "not reporting", test: (row) => hosts.state.codes[row] !== reporting }, ...each(hosts.state).slice(1)],
      status: each(hosts.status),
      group: byName(hosts.group),
    },
    start: { state: 1 },
    draw: drawHost,
  });
  new Table("changes", changes.at.ago.length, changes, {
    searched: ["host", "control", "target", "evidence"],
    choices: { kind: each(changes.kind) },
    start: {},
    draw: drawChange,
  });

  window.addEventListener("hashchange", followed);
  followed();
  document.querySelectorAll("a[data-control]").forEach((link) => link.addEventListener("click", () => {
    failures.choose({ status: 1 + findings.status.names.indexOf(link.dataset.status ?? "fail"), control: 1 + Number(link.dataset.control) }, link.dataset.reason ?? "");
  }));
  document.querySelectorAll(".copy").forEach((copy) => { copy.hidden = false; });
  document.addEventListener("click", async ({ target }) => {
    if (!target.classList.contains("copy")) return;
    const code = target.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      target.textContent = "Copied";
      say("The commands are copied.");
    } catch { // no permission, or a page that the browser does not trust with the clipboard
      getSelection().selectAllChildren(code);
      target.textContent = "Selected";
      say("The commands are selected: copy them with the keyboard.");
    }
  });
})();
