/* To hand on what a page says: its address, paper, or a text for somebody's support. */
document.addEventListener("click", async (event) => {
  const at = event.target as Element;
  if (at.closest("[data-print]")) print();
  const button = at.closest<HTMLElement>("[data-copy-link], [data-copy-text]");
  if (!button || button.dataset.copied !== undefined) return;
  event.preventDefault();
  const words = button.querySelector<HTMLElement>("[data-words]") ?? button;
  const before = [...words.childNodes];
  const text = button.dataset.copyText ?? new URL(button.dataset.copyLink || location.href, location.href).href;
  const said = (await copy(text)) ? "Copied" : button.dataset.copyText ? "Select it by hand" : "Copy the address bar";
  button.dataset.copied = "";
  words.replaceChildren(said);
  announce(said);
  setTimeout(() => {
    words.replaceChildren(...before);
    delete button.dataset.copied;
  }, 2_000);
});

async function copy(text: string) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    /* No clipboard off https: select it the old way. */
    const field = Object.assign(document.createElement("textarea"), { value: text, className: "sr", readOnly: true });
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

const live = Object.assign(document.createElement("div"), { className: "sr", ariaLive: "polite" });
document.body.append(live);

function announce(words: string) {
  live.textContent = words;
  setTimeout(() => (live.textContent = ""), 2_000);
}
