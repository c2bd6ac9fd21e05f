/* Filter forms: a choice applies immediately, and the URL contains only what was chosen. A field's data-absent is the value
   that means "all", which the URL leaves out. */
document.addEventListener("change", (event) => {
  const field = event.target as HTMLElement;
  if (field.matches("select, input[type=checkbox], input[type=radio], input[type=date]"))
    field.closest<HTMLFormElement>("form[data-auto]")?.requestSubmit();
});

document.addEventListener("formdata", (event) => {
  for (const field of (event.target as HTMLFormElement).elements) {
    if (!(field instanceof HTMLInputElement || field instanceof HTMLSelectElement)) continue;
    if (field.dataset.absent === field.value) event.formData.delete(field.name);
  }
});
