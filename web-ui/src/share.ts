/* Print buttons, and buttons that copy a link or a text. */
document.addEventListener("click", async (event) => {
  const target = event.target as Element;
  if (target.closest("[data-print]")) print();
  const button = target.closest<HTMLElement>("[data-copy-link], [data-copy-text]");
  if (!button || button.dataset.copied !== undefined) return;
  event.preventDefault();
  const label = button.querySelector<HTMLElement>("[data-words]") ?? button;
  const original = [...label.childNodes];
  const text = button.dataset.copyText ?? new URL(button.dataset.copyLink || location.href, location.href).href;
  const message = (await copy(text)) ? "Copied" : button.dataset.copyText ? "Copy it manually" : "Copy from the address bar";
  button.dataset.copied = "";
  label.replaceChildren(message);
  announce(message);
  setTimeout(() => {
    label.replaceChildren(...original);
    delete button.dataset.copied;
  }, 2_000);
});

async function copy(text: string) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    /* The clipboard API needs HTTPS: fall back to a selection. */
    const field = Object.assign(document.createElement("textarea"), { value: text, className: "sr", readOnly: true });
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}

const liveRegion = Object.assign(document.createElement("div"), { className: "sr", ariaLive: "polite" });
document.body.append(liveRegion);

function announce(text: string) {
  liveRegion.textContent = text;
  setTimeout(() => (liveRegion.textContent = ""), 2_000);
}
