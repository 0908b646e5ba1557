'use strict';
// Replaces what is secret in a line. Each value is registered in the forms in which the agent knows it.

/** The forms that every registered value has: itself, and as JSON, URIs and shells escape it. */
function forms(value) {
  return [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")];
}

class Masker {
  #values = new Set();

  add(value) {
    if (value.trim() === '') return;
    forms(value).forEach((form) => this.#values.add(form));
  }

  /** A value that is secret when the job begins has more forms than one that a step sets. */
  addInitial(value) {
    [value, value.trim(), value.replace(/^["']|["']$/g, ''), Buffer.from(value).toString('base64')].forEach((form) => this.add(form));
  }

  mask(text) {
    const spans = [];
    for (const value of this.#values) {
      for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) spans.push([at, at + value.length]);
    }
    spans.sort((a, b) => a[0] - b[0]);
    let masked = '';
    let done = 0;
    for (let index = 0; index < spans.length; ) {
      let [start, end] = spans[index];
      for (index += 1; index < spans.length && spans[index][0] <= end; index += 1) end = Math.max(end, spans[index][1]);
      masked += text.slice(done, start) + '***';
      done = end;
    }
    return masked + text.slice(done);
  }
}

module.exports = { Masker };
