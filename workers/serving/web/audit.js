// An auditor's two questions: who has seen a person, and what has a user seen.
import { make, say } from "./messages.js";
import { at, explain, start, tell, trouble } from "./page.js";
import { read } from "./requests.js";

const QUESTIONS = {
  persons: {
    label: "Person or member of staff, by pseudonym",
    title: (id) => `Who has seen ${id}`,
    nobody: (id) => `Nobody has seen ${id}, as far as the audit goes back.`,
    columns: { When: when, Who: (one) => one.actor, What: what, Why: why, How: (one) => one.how },
  },
  subjects: {
    label: "User, as the audit names them",
    title: (id) => `What ${id} has seen`,
    nobody: (id) => `${id} has seen no single person, as far as the audit goes back.`,
    columns: { When: when, What: what, Why: why, "The time shown": shown, Persons: persons, Cameras: (one) => one.cameras.join(", ") },
  },
};
const MANY = 12;

function when(one) {
  return local(one.at);
}

function local(iso) {
  const date = new Date(iso);
  return `${date.toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" })} ${date.toLocaleTimeString([], { hour12: false })}`;
}

function what(one) {
  return `${one.action.replace(".", " ").replaceAll("_", " ")}: ${one.subject}`;
}

function why(one) {
  return one.purpose;
}

function shown(one) {
  const until = one.may_go_on ? ", may still go on" : ` to ${new Date(one.shown_until).toLocaleTimeString([], { hour12: false })}`;
  return local(one.shown_from) + until;
}

function persons(one) {
  const more = one.persons.length - MANY;
  return [...one.persons.slice(0, MANY), ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}

class AuditPage {
  constructor() {
    for (const choice of document.querySelectorAll("input[name=question]")) {
      choice.addEventListener("change", () => say(at("id-label"), QUESTIONS[choice.value].label));
    }
    at("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    at("more").addEventListener("click", () => this.#page());
    const asked = new URLSearchParams(location.search);
    if (QUESTIONS[asked.get("question")] && asked.get("id")) {
      document.querySelector(`input[value=${asked.get("question")}]`).click();
      at("id").value = asked.get("id");
    }
  }

  async #ask() {
    this.kind = document.querySelector("input[name=question]:checked").value;
    this.id = at("id").value.trim();
    this.cursor = "";
    const { columns } = QUESTIONS[this.kind];
    at("heads").replaceChildren(...Object.keys(columns).map((name) => Object.assign(make("th", "", name), { scope: "col" })));
    at("results").replaceChildren();
    at("answer").hidden = false;
    say(at("answer"), "Looking …");
    await this.#page();
    at("answer").focus();
  }

  async #page() {
    const { columns, title, nobody } = QUESTIONS[this.kind];
    const more = this.cursor ? `&cursor=${encodeURIComponent(this.cursor)}` : "";
    try {
      const page = await read(`audit/${this.kind}/${encodeURIComponent(this.id)}?limit=100${more}`);
      const rows = page.entries.map((one) =>
        make("tr", "", ...Object.entries(columns).map(([name, text]) => cell(name, text(one)))),
      );
      at("results").append(...rows);
      this.cursor = page.next ?? "";
      trouble("");
    } catch (error) {
      trouble(explain(error).replace("Not saved", "No answer"));
      say(at("answer"), "");
      return;
    }
    const any = at("results").children.length > 0;
    say(at("answer"), any ? title(this.id) : nobody(this.id));
    tell(`${at("results").children.length} entries`);
    at("table").hidden = !any;
    at("more").hidden = !this.cursor;
  }
}

function cell(name, text) {
  const one = make("td", text ? "" : "none", text || "none");
  one.dataset.label = name;
  return one;
}

if (await start("audit.read")) new AuditPage();
