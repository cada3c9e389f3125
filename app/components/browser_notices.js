// Notices of the browser itself, for who looks at another window: asked for on Settings, shown by
// every page, each once however often the page is drawn anew.

const ON = "adaptmllm.notices";
const SHOWN = (window.adaptmllmNotices ??= new Set());

export default function ({ data, parentElement }) {
  for (const notice of data.notices) show(notice);
  const root = parentElement.querySelector(".browser-notices");
  if (data.has_switch) drawSwitch(root);
}

function isSupported() {
  return "Notification" in window && window.isSecureContext;
}

function isOn() {
  return isSupported() && Notification.permission === "granted" && localStorage.getItem(ON) === "on";
}

function show({ id, title, body, path }) {
  if (SHOWN.has(id)) return;
  SHOWN.add(id);
  if (!isOn()) return;
  // With one tag for all tabs, the browser shows one notice.
  const shown = new Notification(title, { body, tag: id });
  shown.onclick = () => {
    // In a tab of its own: loading it here would empty the forms of this one.
    if (path) window.open(path, "_blank", "noopener");
    else window.focus();
    shown.close();
  };
}

function drawSwitch(root) {
  const button = document.createElement("button");
  const said = document.createElement("span");
  button.type = "button";
  button.textContent = isOn() ? "Switch off in this browser" : "Switch on in this browser";
  button.disabled = !isSupported() || Notification.permission === "denied";
  said.textContent = state();
  said.setAttribute("role", "status");
  button.onclick = async () => {
    if (isOn()) {
      localStorage.removeItem(ON);
    } else if ((await Notification.requestPermission()) === "granted") {
      localStorage.setItem(ON, "on");
      new Notification("adaptMLLM", { body: "Notices will look like this.", tag: "sample" });
    }
    drawSwitch(root);
  };
  root.replaceChildren(button, said);
}

function state() {
  if (!("Notification" in window)) return "This browser has no notices.";
  if (!window.isSecureContext) return "Browsers allow notices over https and on localhost only.";
  if (Notification.permission === "denied") return "Blocked: allow notices for this site in the browser's settings.";
  return isOn() ? "On in this browser, while a page is open." : "Off in this browser.";
}
