// Which edges, lines and letters of drawings are too faint; letters of the page itself are judged by axe-core. WCAG 2.2
// wants 3 to 1 for what is no text (1.4.11), and 4.5 to 1 for text (1.4.3).
(() => {
  const found = new Set();
  const parts = (colour) => (colour.match(/[\d.]+/g) || []).map(Number);
  const isClear = (colour) => colour === 'none' || parts(colour)[3] === 0;
  const light = (colour) => {
    const [red, green, blue] = parts(colour).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    for (let it = element; it; it = it.parentElement) {
      const colour = getComputedStyle(it).backgroundColor;
      if (!isClear(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const judge = (selector, property, least) => {
    for (const element of document.querySelectorAll(selector)) {
      if (!element.checkVisibility()) continue;
      const [ours, ground] = [getComputedStyle(element)[property], behind(element.parentElement)];
      const [dark, bright] = [light(ours), light(ground)].sort((a, b) => a - b);
      const ratio = (bright + 0.05) / (dark + 0.05);
      if (isClear(ours) || ratio < least) {
        found.add(`${property} of <${element.localName} class="${element.getAttribute('class')}">: ${ours} on ${ground} is ${ratio.toFixed(2)}`);
      }
    }
  };
  judge('.find input:not([type=hidden]), .find select, .tabs > label', 'borderTopColor', 3);
  judge('.chart .ln', 'stroke', 3);
  judge('.chart text', 'fill', 4.5);
  judge('.swarm rect:not(.track), .bar rect:not(.track), .bars rect:not(.track)', 'fill', 3);
  return [...found];
})()
