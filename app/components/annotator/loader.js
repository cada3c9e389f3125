// Loads the annotator's modules once and hands every call to them; what comes before that waits.

const RETRY_MS = 2000;
const modules = new Map();

export default function (component) {
  const { parentElement, data: { view: data } } = component;
  const url = location.origin + data.url;
  if (!modules.has(url)) modules.set(url, loaded(url, parentElement, data.messages.not_loaded));
  const module = modules.get(url);
  module.then(({ show }) => show({ ...component, data }));
  return () => module.then(({ leave }) => leave(parentElement));
}

async function loaded(url, parentElement, sentence) {
  for (let attempt = 0; ; attempt++) {
    try {
      return await import(attempt ? `${url}?${attempt}` : url);
    } catch {
      const note = parentElement.querySelector(".annotator");
      note.setAttribute("role", "alert");
      note.textContent = sentence;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
