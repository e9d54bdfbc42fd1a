'use strict';
// Every clip lies once in this file, as base64 text in inert <script> elements at its end: p<clip> the poster, v<clip> the video.
// Text becomes a Blob only when a tile that shows it comes into view or is pointed at.
document.addEventListener('DOMContentLoaded', () => {
  const MAX_PLAYERS = 40;  // Browsers stop making players at some number; phones have the lowest.
  const tiles = [...document.querySelectorAll('button.tile')];
  const columns = document.getElementById('clusters');
  const status = document.getElementById('status');
  const motion = document.getElementById('motion');
  const filter = document.getElementById('filter');
  const sort = document.getElementById('sort');
  const urls = new Map();
  const visible = new Set();
  const players = new Map();
  let hovered = null;
  let focused = null;
  let sounding = null;

  function url(id) {
    if (!urls.has(id)) {
      const source = document.getElementById(id);
      if (!source) return null;
      const bytes = Uint8Array.from(atob(source.textContent.trim()), (character) => character.charCodeAt(0));
      urls.set(id, URL.createObjectURL(new Blob([bytes], {type: source.dataset.mime})));
    }
    return urls.get(id);
  }

  // Posters and players.
  function showPoster(tile) {
    const image = tile.querySelector('img');
    const source = image.hidden && url('p' + tile.dataset.clip);
    if (!source) return;
    image.src = source;
    image.hidden = false;
  }

  function isWanted(tile) {
    return tile === hovered || tile === focused || tile === sounding;
  }

  function play(tile) {
    const source = url('v' + tile.dataset.clip);
    if (!source) return null;
    let player = players.get(tile);
    if (!player) {
      player = document.createElement('video');
      Object.assign(player, {muted: true, loop: true, playsInline: true, src: source});
      tile.querySelector('.screen').append(player);
      players.set(tile, player);
      start(player);
    }
    return player;
  }

  function start(player) {
    // Taking a player away while it starts is an AbortError, a browser that forbids motion a NotAllowedError: the poster stays.
    player.play().catch((error) => {
      if (error.name !== 'AbortError' && error.name !== 'NotAllowedError') throw error;
    });
  }

  function stop(tile) {
    const player = players.get(tile);
    if (!player) return;
    players.delete(tile);
    player.pause();
    player.remove();
    player.removeAttribute('src');
    player.load();
  }

  function refresh() {
    const allInView = motion.getAttribute('aria-pressed') === 'true';
    for (const tile of [...players.keys()]) if (!isWanted(tile) && !(allInView && visible.has(tile))) stop(tile);
    for (const tile of [hovered, focused, sounding]) if (tile) play(tile);
    if (!allInView) return;
    for (const tile of visible) {
      if (players.size >= MAX_PLAYERS) return;
      play(tile);
    }
  }

  function hover(tile) {
    for (const twin of document.querySelectorAll('.twin')) twin.classList.remove('twin');
    hovered = tile;
    if (tile) for (const twin of document.querySelectorAll(`[data-clip="${tile.dataset.clip}"]`)) if (twin !== tile) twin.classList.add('twin');
    refresh();
  }

  // Sound: one tile at a time.
  function setSound(tile) {
    if (sounding) {
      sounding.setAttribute('aria-pressed', 'false');
      const player = players.get(sounding);
      if (player) player.muted = true;
    }
    sounding = tile;
    status.textContent = tile ? `Sound of ${tile.querySelector('.caption').textContent}` : '';
    refresh();
    const player = tile && play(tile);
    if (!player) return;
    tile.setAttribute('aria-pressed', 'true');
    player.currentTime = 0;
    player.muted = false;
    start(player);
  }

  const tileOf = (event) => event.target instanceof Element ? event.target.closest('button.tile') : null;
  columns.addEventListener('pointerover', (event) => {
    if (event.pointerType === 'mouse' && tileOf(event) !== hovered) hover(tileOf(event));
  });
  columns.addEventListener('pointerleave', () => hover(null));
  columns.addEventListener('focusin', (event) => { focused = tileOf(event); refresh(); });
  columns.addEventListener('focusout', () => { focused = null; refresh(); });
  columns.addEventListener('click', (event) => {
    const tile = tileOf(event);
    if (tile && tile.hasAttribute('aria-pressed')) setSound(tile === sounding ? null : tile);
  });

  // Keyboard: Tab goes from card to card, arrows inside a card and to the cards above and below.
  function moveTo(tile) {
    if (!tile) return;
    for (const other of tile.parentElement.querySelectorAll('button.tile')) other.tabIndex = other === tile ? 0 : -1;
    tile.focus();
    tile.scrollIntoView({block: 'nearest', inline: 'nearest'});
  }

  function neighbour(tile, key) {
    const strip = [...tile.parentElement.querySelectorAll('button.tile')];
    const position = strip.indexOf(tile);
    if (key === 'Home') return strip[0];
    if (key === 'End') return strip[strip.length - 1];
    if (key === 'ArrowLeft') return strip[position - 1];
    if (key === 'ArrowRight') return strip[position + 1];
    const perRow = getComputedStyle(tile.parentElement).gridAutoFlow.startsWith('column') ? strip.length : 5;
    const next = strip[position + (key === 'ArrowDown' ? perRow : -perRow)];
    if (next) return next;
    let card = tile.closest('.card');
    do card = key === 'ArrowDown' ? card.nextElementSibling : card.previousElementSibling;
    while (card && (card.hidden || !card.querySelector('button.tile')));
    if (!card) return null;
    const others = [...card.querySelectorAll('button.tile')];
    return key === 'ArrowDown' ? others[0] : others[others.length - 1];
  }

  columns.addEventListener('keydown', (event) => {
    const tile = tileOf(event);
    if (!tile || event.ctrlKey || event.altKey || event.metaKey) return;
    if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'].includes(event.key)) return;
    event.preventDefault();
    moveTo(neighbour(tile, event.key));
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') setSound(null);
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest('input, select')) return;
    if (event.key === 'm') motion.click();
    if (event.key === '/') { event.preventDefault(); filter.focus(); }
  });
  motion.addEventListener('click', () => {
    motion.setAttribute('aria-pressed', String(motion.getAttribute('aria-pressed') !== 'true'));
    refresh();
  });

  // Filter, order, and on narrow screens which clustering is shown.
  function applyFilter() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const column of columns.children) {
      const cards = [...column.querySelectorAll('.card')];
      for (const card of cards) {
        const text = [...card.querySelectorAll('h3, .caption, .labels .name')].map((part) => part.textContent).join('\n').toLowerCase();
        card.hidden = !words.every((word) => text.includes(word));
      }
      const matches = column.querySelector('.matches');
      matches.hidden = !words.length;
      matches.textContent = `${cards.filter((card) => !card.hidden).length} of ${cards.length} clusters match`;
    }
  }

  function applyOrder() {
    const sign = sort.value === 'size' ? -1 : 1;
    for (const list of columns.querySelectorAll('.cards')) {
      list.append(...[...list.children].sort((a, b) => sign * (a.dataset[sort.value] - b.dataset[sort.value]) || a.dataset.rank - b.dataset.rank));
    }
  }

  function showColumn(number) {
    columns.dataset.shown = number;
    for (const tab of document.querySelectorAll('.tabs button')) tab.setAttribute('aria-pressed', String(tab.dataset.column === number));
  }

  function followAddress() {
    const card = document.getElementById(location.hash.slice(1));
    if (!card || !card.matches('.card')) return;
    if (card.hidden) { filter.value = ''; applyFilter(); }
    showColumn(card.closest('.column').id.replace('column-', ''));
    card.focus({preventScroll: true});
    card.scrollIntoView({block: 'start'});
    // Cards out of view have guessed heights; once those on the way are drawn, the place is known.
    setTimeout(() => card.scrollIntoView({block: 'start'}), 100);
  }

  filter.addEventListener('input', applyFilter);
  sort.addEventListener('change', applyOrder);
  for (const tab of document.querySelectorAll('.tabs button')) {
    tab.addEventListener('click', () => {
      showColumn(tab.dataset.column);
      columns.scrollIntoView({block: 'start'});
    });
  }
  window.addEventListener('hashchange', followAddress);

  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) { visible.add(entry.target); showPoster(entry.target); } else visible.delete(entry.target);
    }
    refresh();
  }, {rootMargin: '200px 0px'});
  for (const tile of tiles) observer.observe(tile);
  showColumn('0');
  followAddress();
  document.documentElement.dataset.ready = String(tiles.length);
});
