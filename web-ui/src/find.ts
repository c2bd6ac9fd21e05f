/* The header's box as a combobox: while somebody types, the server says who fits. Without this, or with Enter, the form leads
   to the lead list. */
const wait = 120; // milliseconds without a letter before asking

const form = document.querySelector<HTMLFormElement>("form[data-matches]");
const input = form?.querySelector("input");

if (form && input) {
  const panel = Object.assign(document.createElement("div"), { className: "menu-panel find-panel", hidden: true });
  const said = Object.assign(document.createElement("span"), { className: "sr" });
  said.setAttribute("role", "status");
  form.append(panel, said);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", "matches");

  let timer = 0;
  let asked: AbortController | null = null;
  let active = -1;

  const options = () => [...panel.querySelectorAll<HTMLAnchorElement>("[role=option]")];

  const close = () => {
    clearTimeout(timer);
    asked?.abort();
    panel.hidden = true;
    activate(-1);
    input.setAttribute("aria-expanded", "false");
  };

  const activate = (at: number) => {
    active = at;
    input.removeAttribute("aria-activedescendant");
    for (const [i, option] of options().entries()) {
      option.setAttribute("aria-selected", String(i === at));
      if (i !== at) continue;
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    }
  };

  const ask = async () => {
    asked?.abort();
    const mine = (asked = new AbortController());
    const text = input.value.trim();
    if (!text) return close();
    const url = new URL(form.dataset.matches!, location.href);
    url.searchParams.set("q", text);
    try {
      const answer = await fetch(url, { signal: mine.signal });
      const markup = await answer.text();
      if (mine.signal.aborted || input !== document.activeElement) return;
      if (!answer.ok || answer.redirected) return close();
      panel.innerHTML = markup;
      panel.hidden = false;
      said.textContent = panel.querySelector<HTMLElement>("[data-said]")?.dataset.said ?? "";
      input.setAttribute("aria-expanded", String(options().length > 0));
      activate(-1);
    } catch {
      if (!mine.signal.aborted) close();
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(ask, wait);
  });

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = panel.hidden ? [] : options();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (panel.hidden) return void ask();
      const step = event.key === "ArrowDown" ? 1 : -1;
      /* Beyond either end lies the text itself. */
      if (all.length) activate(active + step > all.length - 1 ? -1 : active + step < -1 ? all.length - 1 : active + step);
    } else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      all[active]?.click();
    } else if (event.key === "Escape" && !panel.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });

  /* The cursor stays in the box while somebody clicks into the list. */
  panel.addEventListener("mousedown", (event) => event.preventDefault());
  panel.addEventListener("click", (event) => {
    if ((event.target as Element).closest("[role=option]")) close();
  });
  input.addEventListener("blur", close);
  form.addEventListener("submit", close);
}
