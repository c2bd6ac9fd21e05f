/* Keyboard shortcuts: / searches, g and a letter opens a tab, ? shows the list. They are off while the user types. */
const sequenceMs = 1_500; // time allowed between g and its letter

let gPressedAt = -Infinity;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented || isEditable(event.target))
    return;
  const help = document.querySelector<HTMLDialogElement>("dialog#keys");
  if (event.key === "/") {
    event.preventDefault();
    focusSearch();
  } else if (event.key === "?" && help) {
    event.preventDefault();
    if (help.open) help.close();
    else help.showModal();
  } else if (event.key === "g") gPressedAt = performance.now();
  else if (performance.now() - gPressedAt < sequenceMs) {
    gPressedAt = -Infinity;
    const tabs = [...document.querySelectorAll<HTMLAnchorElement>("nav.tabs a[data-key]")];
    const tab = tabs.find((link) => link.dataset.key === event.key);
    if (!tab) return;
    event.preventDefault();
    tab.click();
  }
});

/* A click on the backdrop closes the dialog, and so does a close button. */
document.addEventListener("click", (event) => {
  const target = event.target as Element;
  if (target.matches("dialog#keys") || target.closest("[data-close-dialog]")) target.closest("dialog")?.close();
  if (target.closest("[data-show-keys]")) document.querySelector<HTMLDialogElement>("dialog#keys")?.showModal();
});

function focusSearch() {
  const field = document.querySelector<HTMLInputElement>(".top form[role=search] input[name=q]");
  if (field?.offsetParent) field.select();
  else document.querySelector<HTMLElement>(".top [data-find]")?.click();
}

function isEditable(target: EventTarget | null) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
