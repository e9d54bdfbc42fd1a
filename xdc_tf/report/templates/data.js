'use strict';
// What several pages share: the data of all clips (data/clips.js, loaded when it is first needed) and the search in it.
(() => {
  const XDC = (globalThis.XDC ??= {});
  const root = new URL('..', document.currentScript.src);

  // Text becomes elements only here, never by way of HTML: names of files and labels may hold anything.
  XDC.element = (tag, properties = {}, ...children) => {
    const {data = {}, ...others} = properties;
    const made = Object.assign(document.createElement(tag), others);
    Object.assign(made.dataset, data);
    made.append(...children);
    return made;
  };

  // What is searched and what is typed: in small letters, and é as one character, which files from a Mac write as two.
  XDC.fold = (text) => text.normalize('NFC').toLowerCase();

  XDC.unpack = (text, Type) => new Type(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);

  class Clips {
    constructor(data) {
      Object.assign(this, data);
      this.index = XDC.unpack(data.index, Int32Array);
      this.file = XDC.unpack(data.file, Int32Array);
      this.start = XDC.unpack(data.start, Float32Array);
      this.label = XDC.unpack(data.label, Int32Array);
      this.pictured = XDC.unpack(data.pictured, Uint8Array);
      this.clusterings = data.clusterings.map((clustering) => ({
        ...clustering,
        cluster: XDC.unpack(clustering.cluster, Int32Array),
        distance: XDC.unpack(clustering.distance, Float32Array),
      }));
      this.count = this.index.length;
      this.lowerFiles = this.files.map(XDC.fold);
      this.lowerLabels = this.labelNames.map(XDC.fold);
    }

    time(position) {
      const seconds = Math.floor(this.start[position]);
      return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    }

    caption(position) { return `${this.time(position)} ${this.files[this.file[position]]}`; }

    labelName(position) { return this.labelNames[this.label[position]] ?? ''; }

    poster(position) {
      const index = this.index[position];
      return this.pictured[position] ? new URL(`media/${Math.floor(index / 1000)}/${index}.webp`, root).href : '';
    }

    // The page of a clip's cluster, which marks the clip; null where it is in no cluster.
    page(position, number) {
      const {pages, cluster} = this.clusterings[number];
      const name = pages[cluster[position]];
      return name ? new URL(`pages/${name}#clip-${this.index[position]}`, root).href : null;
    }

    // Where a clip is in the arrays, or -1.
    find(index) {
      let low = 0;
      let high = this.count;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.index[middle] < index) low = middle + 1; else high = middle;
      }
      return this.index[low] === index ? low : -1;
    }

    // Says whether a clip has every word in its file name, label, time or number.
    matcher(query) {
      const words = XDC.fold(query).split(/\s+/).filter(Boolean);
      return (position) => words.every((word) =>
        this.lowerFiles[this.file[position]].includes(word) || (this.lowerLabels[this.label[position]] ?? '').includes(word)
        || String(this.index[position]) === word || this.time(position) === word);
    }

    // The first clips that match, the one with just this number before all, and how many there are.
    search(query, limit) {
      const found = [];
      let total = 0;
      const numbered = /^\d+$/.test(query.trim()) ? this.find(Number(query)) : -1;
      if (numbered >= 0) { found.push(numbered); total += 1; }
      const matches = this.matcher(query);
      for (let position = 0; position < this.count; position += 1) {
        if (position === numbered || !matches(position)) continue;
        total += 1;
        if (found.length < limit) found.push(position);
      }
      return {found, total};
    }
  }

  let clips = null;
  XDC.openClips = () => clips ??= new Promise((resolve, reject) => {
    if (XDC.clips) { resolve(new Clips(XDC.clips)); return; }
    const script = XDC.element('script', {src: new URL('data/clips.js', root).href});
    script.onload = () => resolve(new Clips(XDC.clips));
    script.onerror = () => reject(new Error('data/clips.js is missing: make the report again.'));
    document.head.append(script);
  });

  XDC.isTyping = (event) => event.ctrlKey || event.altKey || event.metaKey || event.target.closest?.('input, select, textarea');
})();
