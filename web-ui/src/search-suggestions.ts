/* Turns the header search into a combobox: while the user types, the server suggests matches. Without this script, or on
   Enter, the form opens the lead list. */
const debounceMs = 120;

const form = document.querySelector<HTMLFormElement>("form[data-matches]");
const input = form?.querySelector("input");

if (form && input) {
  const panel = Object.assign(document.createElement("div"), { className: "menu-panel find-panel", hidden: true });
  const status = Object.assign(document.createElement("span"), { className: "sr" });
  status.setAttribute("role", "status");
  form.append(panel, status);
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", "matches");

  let timer = 0;
  let request: AbortController | null = null;
  let active = -1;

  const options = () => [...panel.querySelectorAll<HTMLAnchorElement>("[role=option]")];

  const close = () => {
    clearTimeout(timer);
    request?.abort();
    panel.hidden = true;
    activate(-1);
    input.setAttribute("aria-expanded", "false");
  };

  /* -1 means that no option is active: the user is back in the text. */
  const activate = (index: number) => {
    active = index;
    input.removeAttribute("aria-activedescendant");
    for (const [i, option] of options().entries()) {
      option.setAttribute("aria-selected", String(i === index));
      if (i !== index) continue;
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    }
  };

  const load = async () => {
    request?.abort();
    const current = (request = new AbortController());
    const query = input.value.trim();
    if (!query) return close();
    const url = new URL(form.dataset.matches!, location.href);
    url.searchParams.set("q", query);
    try {
      const response = await fetch(url, { signal: current.signal });
      const markup = await response.text();
      if (current.signal.aborted || input !== document.activeElement) return;
      if (!response.ok || response.redirected) return close();
      panel.innerHTML = markup;
      panel.hidden = false;
      status.textContent = panel.querySelector<HTMLElement>("[data-said]")?.dataset.said ?? "";
      input.setAttribute("aria-expanded", String(options().length > 0));
      activate(-1);
    } catch {
      if (!current.signal.aborted) close();
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(load, debounceMs);
  });

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = panel.hidden ? [] : options();
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (panel.hidden) return void load();
      const next = active + (event.key === "ArrowDown" ? 1 : -1);
      /* Past either end the user is back in the text. */
      if (all.length) activate(next > all.length - 1 ? -1 : next < -1 ? all.length - 1 : next);
    } else if (event.key === "Enter" && active >= 0) {
      event.preventDefault();
      all[active]?.click();
    } else if (event.key === "Escape" && !panel.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });

  /* A click into the list must not take the focus from the field. */
  panel.addEventListener("mousedown", (event) => event.preventDefault());
  panel.addEventListener("click", (event) => {
    if ((event.target as Element).closest("[role=option]")) close();
  });
  input.addEventListener("blur", close);
  form.addEventListener("submit", close);
}
