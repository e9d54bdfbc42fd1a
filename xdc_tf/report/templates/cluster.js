'use strict';
// A cluster's page: arrows go to the neighbouring clusters; a clip that is looked for but not among those shown gets a line.
(() => {
  const XDC = globalThis.XDC;

  document.addEventListener('keydown', (event) => {
    if (XDC.isTyping(event) || event.shiftKey) return;
    const rel = {ArrowLeft: 'prev', ArrowRight: 'next'}[event.key];
    const link = rel && document.querySelector(`a[rel="${rel}"]`);
    if (link) { event.preventDefault(); link.click(); }
  });

  async function lookUp(index) {
    const place = document.getElementById('looked-up');
    place.replaceChildren();
    const shown = document.getElementById(`clip-${index}`);
    if (shown) { shown.focus(); return; }
    const clips = await XDC.openClips();
    const position = clips.find(index);
    const {clustering, cluster} = document.querySelector('h1 b').dataset;
    const members = clips.clusterings[clustering];
    if (position < 0 || members.cluster[position] !== Number(cluster)) {
      place.append(XDC.element('p', {className: 'notice'}, `Clip ${index} is not in this cluster.`));
      return;
    }
    let nearer = 0;
    let all = 0;
    for (let other = 0; other < clips.count; other += 1) {
      if (members.cluster[other] !== Number(cluster)) continue;
      all += 1;
      if (members.distance[other] < members.distance[position]) nearer += 1;
    }
    const some = clips.count < clips.total ? ' of those this report lists' : '';
    const label = clips.labelName(position);
    place.append(XDC.element('p', {className: 'looked-up', id: `clip-${index}`, tabIndex: -1},
      XDC.element('b', {}, clips.caption(position)), label ? ` · ${label}` : '',
      ` · clip ${index}: number ${nearer + 1} of ${all} by distance${some} (${members.distance[position].toFixed(3)}), so it is not shown below.`));
    place.firstChild.focus();
  }

  const follow = () => { const found = /^#clip-(\d+)$/.exec(location.hash); if (found) lookUp(Number(found[1])); };
  addEventListener('hashchange', follow);
  follow();
})();
