'use strict';
// Thumbnails: what is pointed at or has the focus of the keyboard moves; a clip that is clicked sounds too, one at a time.
(() => {
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  const status = document.getElementById('status');
  const players = new Map();
  let hovered = null;
  let focused = null;
  let sounding = null;

  const tileOf = (event) => event.target instanceof Element ? event.target.closest('[data-video]') : null;
  const say = (text) => { if (status) status.textContent = text; };

  function start(tile, player) {
    // Taking a player away while it starts is an AbortError, a browser that forbids motion a NotAllowedError: the picture stays.
    player.play().catch((error) => {
      if (error.name === 'NotSupportedError') say('This clip cannot be played: its file is missing or damaged.');
    });
  }

  function play(tile) {
    if (players.has(tile)) return players.get(tile);
    const player = document.createElement('video');
    Object.assign(player, {muted: true, loop: true, playsInline: true, preload: 'none', src: tile.dataset.video});
    tile.querySelector('.screen').append(player);
    players.set(tile, player);
    start(tile, player);
    const cursor = tile.querySelector('.spectrogram i');
    const follow = () => {
      if (!players.has(tile)) return;
      cursor.style.left = `${100 * player.currentTime / (player.duration || 1)}%`;
      requestAnimationFrame(follow);
    };
    if (cursor) follow();
    return player;
  }

  function stop(tile) {
    const player = players.get(tile);
    players.delete(tile);
    player.pause();
    player.remove();
    player.removeAttribute('src');
    player.load();  // Gives the decoder back.
  }

  function refresh() {
    const moving = still.matches ? [sounding] : [hovered, focused, sounding];
    for (const tile of [...players.keys()]) if (!moving.includes(tile)) stop(tile);
    for (const tile of moving) if (tile) play(tile);
  }

  function setSound(tile) {
    if (sounding) {
      sounding.setAttribute('aria-pressed', 'false');
      players.get(sounding).muted = true;
    }
    sounding = tile;
    refresh();
    say(tile ? `Sound of ${tile.querySelector('.caption').textContent}` : '');
    if (!tile) return;
    const player = players.get(tile);
    tile.setAttribute('aria-pressed', 'true');
    player.currentTime = 0;
    player.muted = false;
    start(tile, player);
  }

  document.addEventListener('pointerover', (event) => {
    if (event.pointerType !== 'mouse' || tileOf(event) === hovered) return;
    hovered = tileOf(event);
    refresh();
  });
  document.documentElement.addEventListener('pointerleave', () => { hovered = null; refresh(); });
  document.addEventListener('focusin', (event) => { focused = tileOf(event); refresh(); });
  document.addEventListener('focusout', () => { focused = null; refresh(); });
  document.addEventListener('click', (event) => {
    const tile = tileOf(event);
    if (tile?.hasAttribute('aria-pressed')) setSound(tile === sounding ? null : tile);
  });
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape' && sounding) setSound(null); });
  // A page that is left does not play on, and is silent when the back button shows it again.
  addEventListener('pagehide', () => setSound(null));
})();
