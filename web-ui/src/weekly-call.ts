/* In the weekly call, the arrow keys go to the previous and next candidate, like the links. */
document.addEventListener("keydown", (event) => {
  const rel = { ArrowLeft: "prev", ArrowRight: "next" }[event.key];
  if (!rel || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.defaultPrevented) return;
  const target = event.target as HTMLElement;
  /* Arrow keys belong to a form field, an open menu, or a dialog that has the focus. */
  if (target.isContentEditable || target.closest("input, textarea, select, details[open], dialog")) return;
  if (document.querySelector("dialog[open]")) return;
  document.querySelector<HTMLAnchorElement>(`a[data-call=${rel}]`)?.click();
});
