// SPDX-License-Identifier: MIT OR Apache-2.0
// Posts the words to /echo and shows what comes back: as textContent, because an answer is text
// and innerHTML would take it for a page.
"use strict";

document.getElementById("echo").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = document.getElementById("answer");
  try {
    const response = await fetch("/echo", {
      method: "POST",
      body: document.getElementById("words").value,
    });
    answer.textContent = `${response.status}: ${await response.text()}`;
  } catch (error) {
    answer.textContent = `No answer: ${error.message}`;
  }
});
