"use strict";
const byId = (id) => document.getElementById(id);

// A command is copied; where the clipboard is closed to the page, it is selected.
const copyCommand = async (button, command) => {
  try {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(command);
    button.textContent = "Selected";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
};
document.addEventListener("click", (event) => {
  const button = event.target.closest("button.copy");
  if (button) copyCommand(button, button.parentElement.querySelector("pre"));
});

