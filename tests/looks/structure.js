// What is wrong with where things stand on a page: what sticks out, what is cut off, what lies over something else, what
// is too small to be read. Gives back a list of sentences.
(() => {
  const found = new Set();
  const root = document.documentElement;
  const say = (what, node) => found.add(`${what}: ${describe(node)}`);
  const describe = (node) => {
    const element = node.nodeType === Node.TEXT_NODE ? node.parentElement : node;
    const words = (node.textContent || node.value || '').trim().replace(/\s+/g, ' ').slice(0, 40);
    return `<${element.localName} class="${element.getAttribute('class') || ''}"> ${words}`;
  };
  const ancestors = (element) => {
    const list = [];
    for (let it = element; it; it = it.parentElement) list.push(it);
    return list;
  };
  // For screen readers only, or not shown now.
  const isSeen = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    !ancestors(element).some((it) => it.matches('.skip:not(:focus)') || getComputedStyle(it).clipPath === 'inset(50%)');
  const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

  if (root.scrollWidth > root.clientWidth) {
    found.add(`the page is ${root.scrollWidth} pixels wide, the window ${root.clientWidth}`);
  }

  // Each line of each text, as high as small letters are: lines that follow each other may touch.
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || ['TITLE', 'DESC', 'OPTION', 'SCRIPT', 'STYLE'].includes(element.tagName.toUpperCase()) || !isSeen(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const drawing = element.closest('text');
    const boxes = drawing ? [drawing.getBoundingClientRect()] : range.getClientRects();
    // A name that is given elsewhere in full may end in dots.
    const dots = ancestors(element).find((it) => getComputedStyle(it).textOverflow === 'ellipsis');
    const end = dots ? dots.getBoundingClientRect() : { left: -Infinity, right: Infinity };
    for (const box of boxes) {
      const [left, right] = [Math.max(box.left, end.left) + 0.5, Math.min(box.right, end.right) - 0.5];
      const slack = box.height * 0.28;
      if (left < right) texts.push({ node, element, left, right, top: box.top + slack, bottom: box.bottom - slack });
    }
    if (drawing) {
      const scale = drawing.getScreenCTM().a;
      const size = parseFloat(getComputedStyle(drawing).fontSize) * scale;
      if (size < 10) say(`letters of ${size.toFixed(1)} pixels`, node);
    }
  }
  texts.sort((a, b) => a.top - b.top);
  texts.forEach((text, index) => {
    if (text.left < -0.5 || text.right > root.clientWidth + 0.5) say('sticks out of the page', text.node);
    for (let next = index + 1; next < texts.length && texts[next].top < text.bottom; next += 1) {
      const other = texts[next];
      if (other.node !== text.node && overlap(text, other)) say(`lies over "${describe(other.node)}"`, text.node);
    }
    const isPile = /\p{M}{8}/u.test(text.node.data) && text.element.closest('table');
    if (isPile && !ancestors(text.element).some((it) => getComputedStyle(it).clipPath !== 'none')) say('accents reach out of the row', text.node);
    const clip = ancestors(text.element).find((it) => getComputedStyle(it).overflowX !== 'visible' && it !== root && it !== document.body);
    if (clip && !clip.closest('svg')) {
      const box = clip.getBoundingClientRect();
      if (text.left < box.left - 1 || text.right > box.right + 1 || text.bottom > box.bottom + 1) say('is cut off', text.node);
    }
  });

  const controls = [...document.querySelectorAll('a.b, button, input:not([type=hidden]), select, summary, .tabs > label')].filter(isSeen);
  controls.forEach((control, index) => {
    const box = control.getBoundingClientRect();
    if (box.left < -0.5 || box.right > root.clientWidth + 0.5) say('sticks out of the page', control);
    for (const other of controls.slice(index + 1)) {
      if (!control.contains(other) && !other.contains(control) && overlap(box, other.getBoundingClientRect())) say(`lies over "${describe(other)}"`, control);
    }
    for (const text of texts) {
      if (!control.contains(text.element) && overlap(box, text)) say(`lies over "${describe(text.node)}"`, control);
    }
    if (control.localName === 'select' || control.scrollWidth <= control.clientWidth + 1 || control.localName === 'input') return;
    say('has words that do not fit', control);
  });
  return [...found];
})()
