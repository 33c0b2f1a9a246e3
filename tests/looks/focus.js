// What has the focus, as the number of its stop and what is wrong with how that is shown; `null` when nothing has it.
(() => {
  const stops = stopsOf(document);
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const found = [];
  const number = stops.findIndex((stop) => stop === element || (stop.name && stop.type === 'radio' && stop.name === element.name));
  const words = `<${element.localName} class="${element.className}"> ${element.textContent.trim().slice(0, 40)}`;
  // A radio button shows it on the words beside it.
  const shown = element.type === 'radio' ? element.nextElementSibling : element;
  const style = getComputedStyle(shown);
  const ring = parseFloat(style.outlineWidth);
  if (style.outlineStyle === 'none' || ring < 2) found.push(`no ring around ${words}`);
  const beyond = ring + parseFloat(style.outlineOffset);
  const boxes = [...shown.getClientRects()].filter((box) => box.width > 0);
  for (const box of boxes) {
    const middle = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (!middle) found.push(`out of sight: ${words}`);
    else if (!shown.contains(middle) && !middle.contains(shown)) found.push(`covered by <${middle.localName}>: ${words}`);
    for (let it = shown.parentElement; it && it !== document.body; it = it.parentElement) {
      const outside = getComputedStyle(it);
      const inset = outside.clipPath.match(/^inset\((-?[\d.]+)px\)$/);
      if (outside.overflowX === 'visible' && !inset) continue;
      const edge = it.getBoundingClientRect();
      const room = inset ? -inset[1] : 0;
      if (box.left - beyond < edge.left - room - 1 || box.right + beyond > edge.right + room + 1 || box.top - beyond < edge.top - room - 1 || box.bottom + beyond > edge.bottom + room + 1) {
        found.push(`the ring is cut off: ${words}`);
      }
    }
  }
  return { number, stops: stops.length, words, found };

  // All that the Tab key should reach, in the order of the page; one of each set of radio buttons.
  function stopsOf(page) {
    const sets = new Set();
    return [...page.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')].filter((stop) => {
      if (!stop.checkVisibility({ visibilityProperty: true })) return false;
      if (stop.type !== 'radio') return true;
      const isFirst = !sets.has(stop.name);
      sets.add(stop.name);
      return isFirst;
    });
  }
})()
