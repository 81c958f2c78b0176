// A script that was lost on the way, by a network that changed say, leaves a page dead: it is loaded again, a few
// times at most. Not a module, because it must be there when the modules are not.

{
  const KEPT = "loaded-again";
  const MOST = 3;
  const isMain = (element) => element instanceof HTMLScriptElement && element.src.endsWith("/main.js");
  document.addEventListener("load", ({ target }) => isMain(target) && sessionStorage.removeItem(KEPT), true);
  document.addEventListener("error", ({ target }) => {
    const times = Number(sessionStorage.getItem(KEPT)) + 1;
    if (!isMain(target) || times > MOST) return;
    sessionStorage.setItem(KEPT, String(times));
    setTimeout(() => location.reload(), times * 300);
  }, true);
}
