'use strict';
// The first page: the list of clusters with its filters, the scatter plot, and the search for a clip.
(() => {
  const XDC = globalThis.XDC;
  const {labels, clusterings} = XDC.clusters;
  const CHUNK = 120;  // Cards drawn at a time; more come as the page is scrolled.
  const AHEAD = 1200;  // pixels below the window that are drawn already
  const get = (id) => document.getElementById(id);
  const [cards, filter, label, sort, count] = ['cards', 'filter', 'label', 'sort', 'count'].map(get);
  const footer = document.querySelector('footer');
  const tabs = [...document.querySelectorAll('.tabs button')];
  const svg = (tag, attributes = {}, text = '') => {
    const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.textContent = text;
    return made;
  };
  let column = 0;
  let chosen = [];
  let drawn = 0;

  for (const {clusters} of clusterings) {
    for (const cluster of clusters) {
      cluster.text = XDC.fold([`cluster ${cluster.cluster}`, ...cluster.labels.map(([id]) => labels[id]), cluster.clips].join('\n'));
    }
  }
  const top = (cluster) => cluster.labels.length ? labels[cluster.labels[0][0]] : '';
  const share = (value) => `${Math.round(100 * value)}%`;
  const quality = (cluster) => cluster.purity === null ? `tightness ${cluster.tightness.toFixed(2)}` : `purity ${cluster.purity.toFixed(2)}`;

  // The list.
  function card(cluster, hue) {
    const {element} = XDC;
    const screen = element('span', {className: 'screen'});
    if (cluster.poster) screen.append(element('img', {loading: 'lazy', decoding: 'async', alt: '', width: 200, height: 112, src: cluster.poster}));
    else screen.append(element('span', {className: 'reason'}, cluster.problem));
    const data = cluster.video ? {hue, video: cluster.video} : {hue};
    const link = element('a', {className: 'card', href: cluster.page, data}, screen,
      element('span', {className: 'head'}, element('b', {}, String(cluster.cluster)),
        element('span', {className: 'label'}, top(cluster))),
      element('span', {className: 'meta'}, `${cluster.size.toLocaleString('en')} clips`, element('span', {}, quality(cluster))));
    if (cluster.purity !== null) link.append(element('span', {className: 'bar'}, element('i', {style: `--share: ${cluster.purity}`})));
    return element('li', {}, link);
  }

  function drawMore() {
    do {
      const more = chosen.slice(drawn, drawn + CHUNK);
      cards.append(...more.map((cluster) => card(cluster, clusterings[column].hue)));
      drawn += more.length;
    } while (drawn < chosen.length && footer.getBoundingClientRect().top < innerHeight + AHEAD);
  }

  // A label is asked for among the top labels of a cluster, and then the clusters with most of it come first.
  function shareOf(cluster, name) {
    const found = cluster.labels.find(([id]) => labels[id] === name);
    return found ? found[1] : 0;
  }

  function choose() {
    const words = XDC.fold(filter.value).split(/\s+/).filter(Boolean);
    const matches = (cluster) => words.every((word) => cluster.text.includes(word)) && (!label.value || shareOf(cluster, label.value) > 0);
    for (const {clusters} of clusterings) for (const cluster of clusters) cluster.chosen = matches(cluster);
    chosen = clusterings[column].clusters.filter((cluster) => cluster.chosen);
    const sign = sort.value === 'size' ? -1 : 1;
    chosen.sort((a, b) => sign * (a[sort.value] - b[sort.value]) || a.rank - b.rank);
    if (label.value && sort.value === 'rank') chosen.sort((a, b) => shareOf(b, label.value) - shareOf(a, label.value));
    cards.replaceChildren();
    drawn = 0;
    drawMore();
    for (const [number, tab] of tabs.entries()) tab.setAttribute('aria-pressed', String(number === column));
    count.textContent = `${chosen.length.toLocaleString('en')} of ${clusterings[column].clusters.length.toLocaleString('en')} clusters`;
    for (const dot of get('scatter').querySelectorAll('.dot')) dot.classList.toggle('off', !dot.cluster.chosen);
    // Kept in the address, so that the back button finds the list as it was.
    const state = new URLSearchParams({clustering: column, label: label.value, filter: filter.value, sort: sort.value});
    history.replaceState(null, '', `#${state}`);
  }

  function restore() {
    const state = new URLSearchParams(location.hash.slice(1));
    column = Math.min(Number(state.get('clustering')) || 0, clusterings.length - 1);
    filter.value = state.get('filter') ?? '';
    label.value = state.get('label') ?? '';
    if (state.get('sort')) sort.value = state.get('sort');
  }

  // The scatter plot.
  function drawScatter() {
    const plot = get('scatter');
    const all = clusterings.flatMap(({clusters}) => clusters);
    const labelled = clusterings.some((clustering) => clustering.labelled);
    const value = labelled ? (cluster) => cluster.purity ?? 0 : (cluster) => cluster.tightness;
    get('quality-name').textContent = labelled ? 'purity' : 'tightness';
    const sizes = all.map((cluster) => cluster.size);
    const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];
    const highest = labelled ? 1 : Math.max(...all.map(value)) * 1.05 || 1;
    const width = plot.clientWidth;
    plot.replaceChildren();
    const x = (size) => 52 + (width - 72) * (largest > smallest ? Math.log(size / smallest) / Math.log(largest / smallest) : 0.5);
    const y = (number) => 256 - 244 * number / highest;
    for (let tick = 0; tick <= 4; tick += 1) {
      const number = highest * tick / 4;
      plot.append(svg('line', {x1: 46, x2: width - 8, y1: y(number), y2: y(number)}),
        svg('text', {x: 40, y: y(number) + 4, 'text-anchor': 'end'}, number.toFixed(2)));
    }
    for (const size of sizeTicks(smallest, largest, width)) {
      plot.append(svg('text', {x: x(size), y: 276, 'text-anchor': 'middle'}, size.toLocaleString('en')));
    }
    plot.append(svg('text', {x: width / 2 + 20, y: 296, 'text-anchor': 'middle'}, 'clips in the cluster'));
    const radius = all.length > 400 ? 3 : 5;
    for (const {clusters, hue, name} of clusterings) {
      for (const cluster of clusters) {
        const dot = svg('a', {href: cluster.page, tabindex: -1, class: 'dot', 'data-hue': hue});
        const circle = svg('circle', {cx: x(cluster.size), cy: y(value(cluster)), r: radius});
        const purity = cluster.purity === null ? '' : `, ${top(cluster)} ${share(cluster.purity)}`;
        circle.append(svg('title', {}, `${name} cluster ${cluster.cluster}: ${cluster.size} clips${purity}`));
        dot.append(circle);
        dot.cluster = cluster;
        dot.classList.toggle('off', !cluster.chosen);
        plot.append(dot);
      }
    }
  }

  function sizeTicks(smallest, largest, width) {
    const ticks = [1, 2, 5].flatMap((digit) => [...Array(8)].map((_, power) => digit * 10 ** power))
      .filter((size) => size > smallest * 1.25 && size < largest / 1.25).sort((a, b) => a - b);
    const step = Math.ceil(ticks.length / (width / 130)) || 1;
    return [...new Set([smallest, ...ticks.filter((_, i) => i % step === 0), largest])];
  }

  // The search for a clip.
  async function search() {
    const query = get('search').value;
    const list = get('found');
    const note = get('found-note');
    if (!query.trim()) { list.replaceChildren(); list.hidden = true; note.textContent = ''; return; }
    const clips = await XDC.openClips();
    if (query !== get('search').value) return;  // More was typed while the data came.
    const {found, total} = clips.search(query, 12);
    list.replaceChildren(...found.map((position) => result(clips, position)));
    list.hidden = !found.length;
    const listed = clips.count < clips.total ? ` This report lists ${clips.count.toLocaleString('en')} of ${clips.total.toLocaleString('en')} clips.` : '';
    note.textContent = `${total.toLocaleString('en')} clip${total === 1 ? '' : 's'} found${total > found.length ? `, the first ${found.length} are shown` : ''}.${listed}`;
  }

  function result(clips, position) {
    const {element} = XDC;
    const poster = clips.poster(position);
    const links = clips.clusterings.map(({name, cluster, hue}, number) => {
      const href = clips.page(position, number);
      return href ? element('a', {href, data: {hue}}, `${name} ${cluster[position]}`) : element('span', {}, `no ${name} cluster`);
    });
    return element('li', {}, element('span', {className: 'screen'}, ...(poster ? [element('img', {src: poster, alt: ''})] : [])),
      element('span', {className: 'caption'}, clips.caption(position)),
      element('span', {className: 'label'}, [clips.labelName(position), `clip ${clips.index[position]}`].filter(Boolean).join(' · ')),
      element('span', {className: 'links'}, ...links));
  }

  // Keyboard.
  function moveFocus(event) {
    const current = event.target.closest('.card');
    if (!current) return;
    const links = [...cards.querySelectorAll('.card')];
    const position = links.indexOf(current);
    const lower = links.findIndex((link) => link.offsetTop > links[0].offsetTop);
    const perRow = lower < 0 ? links.length : lower;
    const step = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -perRow, ArrowDown: perRow}[event.key];
    if (!step) return;
    event.preventDefault();
    if (position + step >= links.length) drawMore();
    cards.querySelectorAll('.card')[position + step]?.focus();
  }

  document.addEventListener('keydown', (event) => {
    if (event.target.id === 'search') {
      if (event.key === 'Enter') search().then(() => get('found').querySelector('a')?.click());
      return;
    }
    if (XDC.isTyping(event)) return;
    const box = {'/': get('search'), f: filter}[event.key];
    if (box) { event.preventDefault(); box.focus(); } else moveFocus(event);
  });
  for (const [number, tab] of tabs.entries()) tab.addEventListener('click', () => { column = number; choose(); });
  filter.addEventListener('input', choose);
  label.addEventListener('change', choose);
  sort.addEventListener('change', choose);
  get('search').addEventListener('input', search);
  new IntersectionObserver(([entry]) => { if (entry.isIntersecting) drawMore(); }, {rootMargin: `${AHEAD}px`}).observe(footer);
  get('scatter-legend').append(...clusterings.map(({name, hue}) => XDC.element('span', {data: {hue}}, XDC.element('i'), name)), ' — a dot leads to its cluster');
  restore();
  choose();
  new ResizeObserver(drawScatter).observe(get('scatter'));
  document.documentElement.dataset.ready = 'yes';
})();
