'use strict';
// The map: every clip a square of some pixels, written straight into the picture, so that 200,000 of them follow the hand.
XDC.openClips().then((clips) => {
  const {maps, unpack, element} = XDC;
  const get = (id) => document.getElementById(id);
  const [canvas, tip, legend, filter, space, colour] = ['plane', 'tip', 'legend', 'filter', 'space', 'colour'].map(get);
  const context = canvas.getContext('2d', {willReadFrequently: true});  // Written pixel by pixel: no matter for a GPU.
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const NOWHERE = 65535;
  const LEGEND = 12;
  let places = null;  // {x, y, explained} of the features that are drawn
  let scheme = null;  // {name, of: category of every clip, names; and what prepare adds}
  let picked = -1;  // the category that the legend picks out, or -1
  let matches = null;  // what the filter leaves, or null for all
  let view = {x: 32767, y: 32767, size: 70000};  // the middle, and how much of the map the shorter side shows
  let scheduled = false;

  // What can be drawn, and in which colours.
  const schemes = [
    ...clips.clusterings.map(({name, cluster}, number) => ({name: `${name} cluster`, of: cluster, number, names: (id) => `${name} ${id}`})),
    ...(clips.labelNames.length ? [{name: 'label', of: clips.label, names: (id) => clips.labelNames[id]}] : []),
    {name: 'film', of: clips.file, names: (id) => clips.files[id]},
  ];

  function prepare(chosen) {
    if (!chosen.order) {
      const counts = new Map();
      for (const id of chosen.of) counts.set(id, (counts.get(id) ?? 0) + 1);
      counts.delete(-1);
      chosen.counts = counts;
      chosen.order = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a) || a - b);
    }
    // Hues that neighbours in the list do not share: the golden angle. Few categories get even distances.
    const few = chosen.order.length <= LEGEND;
    chosen.colours = new Map(chosen.order.map((id, i) =>
      [id, rgb(few ? 360 * i / chosen.order.length : 137.508 * i % 360, 62 + 14 * (i % 2), (dark.matches ? 62 : 44) + 8 * (i % 3 - 1))]));
    chosen.colours.set(-1, dark.matches ? [110, 110, 110] : [150, 150, 150]);
    // As the picture's four bytes have them: alpha, blue, green, red.
    const packed = new Map([...chosen.colours].map(([id, [red, green, blue]]) => [id, (0xff000000 | blue << 16 | green << 8 | red) >>> 0]));
    chosen.packed = Uint32Array.from(chosen.of, (id) => packed.get(id));
    return chosen;
  }

  function rgb(hue, saturation, lightness) {
    const amount = saturation * Math.min(lightness, 100 - lightness) / 10000;
    return [0, 8, 4].map((n) => {
      const k = (n + hue / 30) % 12;
      return Math.round(255 * (lightness / 100 - amount * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
    });
  }

  // Drawing.
  function resize() {
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    draw();  // At once: a canvas of a new size is empty.
  }

  function schedule() {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => { scheduled = false; draw(); });
  }

  const pixelsPerUnit = () => Math.min(canvas.width, canvas.height) / view.size;

  function draw() {
    const {width, height} = canvas;
    if (!width || !height || !places) return;
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const scale = pixelsPerUnit();
    const side = Math.max(2, Math.round((clips.count > 20000 ? 1.5 : clips.count > 1000 ? 3.5 : 7) * (devicePixelRatio || 1) * Math.min(2.5, (70000 / view.size) ** 0.4)));
    const chosen = (position) => (picked < 0 || scheme.of[position] === picked) && (!matches || matches[position] === 1);
    const faint = picked >= 0 || matches ? (dark.matches ? 0xff3a3633 : 0xffd6dadc) : 0;
    for (const wanted of faint ? [false, true] : [true]) {
      for (let position = 0; position < clips.count; position += 1) {
        if (faint && chosen(position) !== wanted) continue;
        if (places.x[position] === NOWHERE) continue;
        const left = Math.round(width / 2 + (places.x[position] - view.x) * scale - side / 2);
        const up = Math.round(height / 2 - (places.y[position] - view.y) * scale - side / 2);
        if (left < 0 || up < 0 || left + side > width || up + side > height) continue;
        const value = wanted ? scheme.packed[position] : faint;
        for (let row = up; row < up + side; row += 1) {
          for (let at = row * width + left; at < row * width + left + side; at += 1) pixels[at] = value;
        }
      }
    }
    context.putImageData(image, 0, 0);
    canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
  }

  function drawLegend() {
    get('legend-name').textContent = scheme.name;
    const rows = scheme.order.slice(0, LEGEND);
    if (picked >= 0 && !rows.includes(picked)) rows.unshift(picked);
    legend.replaceChildren(...rows.map((id) => {
      const swatch = element('i');
      swatch.style.background = `rgb(${scheme.colours.get(id)})`;
      const button = element('button', {type: 'button'}, swatch, element('span', {}, scheme.names(id)), element('small', {}, scheme.counts.get(id).toLocaleString('en')));
      button.setAttribute('aria-pressed', String(id === picked));
      button.addEventListener('click', () => { picked = id === picked ? -1 : id; drawLegend(); schedule(); });
      return element('li', {}, button);
    }));
    if (scheme.order.length > LEGEND) legend.append(element('li', {className: 'note'}, `and ${(scheme.order.length - LEGEND).toLocaleString('en')} more`));
  }

  // Choosing.
  function choose() {
    const map = maps[Number(space.value)];
    places = {x: unpack(map.x, Uint16Array), y: unpack(map.y, Uint16Array)};
    if (scheme !== schemes[Number(colour.value)]) picked = -1;
    scheme = prepare(schemes[Number(colour.value)]);
    const shares = map.explained.map((share) => `${(100 * share).toFixed(0)}%`);
    get('explained').textContent = `The two directions in which the ${map.name} features vary most (principal components); they hold `
      + `${shares[0]} and ${shares[1]} of the variance. What is far apart here is far apart; what is close may be apart in the other directions.`;
    drawLegend();
    select();
  }

  function select() {
    let found = 0;
    const matcher = filter.value.trim() ? clips.matcher(filter.value) : null;
    matches = matcher && Uint8Array.from({length: clips.count}, (_, position) => matcher(position));
    for (let position = 0; position < clips.count; position += 1) if (!matches || matches[position]) found += 1;
    const some = clips.count < clips.total ? `: those of the pages and others at random, of ${clips.total.toLocaleString('en')}` : '';
    get('count').textContent = `${found.toLocaleString('en')}${matches ? ` of ${clips.count.toLocaleString('en')}` : ''} clips${some}`;
    schedule();
  }

  // Moving.
  function zoom(factor, x = canvas.width / 2, y = canvas.height / 2) {
    const before = pixelsPerUnit();
    view.size = Math.min(140000, Math.max(300, view.size / factor));
    const shift = 1 / before - 1 / pixelsPerUnit();
    view.x += (x - canvas.width / 2) * shift;
    view.y -= (y - canvas.height / 2) * shift;
    schedule();
  }

  function pan(dx, dy) {
    view.x -= dx / pixelsPerUnit();
    view.y += dy / pixelsPerUnit();
    schedule();
  }

  function nearest(x, y, reach) {
    const scale = pixelsPerUnit();
    const [px, py] = [view.x + (x - canvas.width / 2) / scale, view.y - (y - canvas.height / 2) / scale];
    let best = -1;
    let least = (reach / scale) ** 2;
    for (let position = 0; position < clips.count; position += 1) {
      if (places.x[position] === NOWHERE || (picked >= 0 && scheme.of[position] !== picked) || (matches && !matches[position])) continue;
      const distance = (places.x[position] - px) ** 2 + (places.y[position] - py) ** 2;
      if (distance < least) { least = distance; best = position; }
    }
    return best;
  }

  function showTip(position, x, y) {
    tip.hidden = position < 0;
    canvas.classList.toggle('on', position >= 0);
    if (position < 0) return;
    const [image, name, more] = tip.children;
    const poster = clips.poster(position);
    image.hidden = !poster;
    if (poster) image.src = poster; else image.removeAttribute('src');
    name.textContent = clips.caption(position);
    const clusters = clips.clusterings.map((clustering) => `${clustering.name} ${clustering.cluster[position]}`);
    more.textContent = [clips.labelName(position), ...clusters, `clip ${clips.index[position]}`].filter(Boolean).join(' · ');
    const ratio = devicePixelRatio || 1;
    tip.style.left = `${Math.min(x / ratio + 14, Math.max(0, canvas.clientWidth - tip.offsetWidth - 4))}px`;
    tip.style.top = `${Math.min(y / ratio + 14, Math.max(0, canvas.clientHeight - tip.offsetHeight - 4))}px`;
  }

  function open(position) {
    // The cluster of the colours; where those are of something else, of the features that are drawn.
    const page = position >= 0 && clips.page(position, scheme.number ?? Number(space.value));
    if (page) location.href = page;
  }

  const pointers = new Map();
  let moved = 0;
  const at = (event) => [event.offsetX, event.offsetY].map((value) => value * (devicePixelRatio || 1));
  canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); pointers.set(event.pointerId, at(event)); moved = 0; });
  canvas.addEventListener('pointermove', (event) => {
    const [x, y] = at(event);
    const before = pointers.get(event.pointerId);
    if (!before) { showTip(nearest(x, y, 14 * (devicePixelRatio || 1)), x, y); return; }
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    const apart = ([a, b]) => Math.hypot(a - other[0], b - other[1]);
    if (other) zoom(apart([x, y]) / (apart(before) || 1), other[0], other[1]);
    else pan(x - before[0], y - before[1]);
    moved += Math.hypot(x - before[0], y - before[1]);
    pointers.set(event.pointerId, [x, y]);
    showTip(-1);
  });
  canvas.addEventListener('pointerup', (event) => {
    pointers.delete(event.pointerId);
    if (moved < 5) open(nearest(...at(event), 14 * (devicePixelRatio || 1)));
  });
  canvas.addEventListener('pointercancel', (event) => pointers.delete(event.pointerId));
  canvas.addEventListener('pointerleave', () => showTip(-1));
  canvas.addEventListener('wheel', (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY / 400), ...at(event)); }, {passive: false});

  const whole = () => { view = {x: 32767, y: 32767, size: 70000}; schedule(); };
  const STEP = 60;
  const keys = {
    ArrowLeft: () => pan(STEP, 0), ArrowRight: () => pan(-STEP, 0), ArrowUp: () => pan(0, STEP), ArrowDown: () => pan(0, -STEP),
    '+': () => zoom(1.4), '=': () => zoom(1.4), '-': () => zoom(1 / 1.4), 0: whole,
    Enter: () => open(nearest(canvas.width / 2, canvas.height / 2, canvas.width)),
  };
  canvas.addEventListener('keydown', (event) => {
    if (XDC.isTyping(event) || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
    const middle = [canvas.width / 2, canvas.height / 2];
    showTip(nearest(...middle, 40 * (devicePixelRatio || 1)), ...middle);
  });
  get('closer').addEventListener('click', () => zoom(1.4));
  get('farther').addEventListener('click', () => zoom(1 / 1.4));
  get('whole').addEventListener('click', whole);

  // The beginning: a link from a cluster's page picks its colours.
  if (!maps.length) { get('explained').textContent = 'This report was made without features: there is no map.'; return; }
  const asked = new URLSearchParams(location.hash.slice(1));
  const clustering = Number(asked.get('clustering')) || 0;
  space.append(...maps.map(({name}, i) => element('option', {value: i, selected: i === clustering}, name)));
  colour.append(...schemes.map(({name}, i) => element('option', {value: i, selected: i === clustering}, name)));
  choose();
  if (asked.has('cluster')) { picked = Number(asked.get('cluster')); drawLegend(); }
  space.addEventListener('change', choose);
  colour.addEventListener('change', choose);
  filter.addEventListener('input', select);
  dark.addEventListener('change', choose);
  new ResizeObserver(resize).observe(canvas);
  document.documentElement.dataset.ready = 'yes';
});
