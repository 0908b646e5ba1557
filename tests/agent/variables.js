'use strict';
// The variables of a job: names without regard to case, macros, what is secret, what is read-only.

/** The name of a variable in the environment. */
const environmentName = (name) => name.replace(/[. ]/g, '_').toUpperCase();

/** `$(name)` replaced once by `value(name)`; unknown ones stay, and the search goes on one character behind an unknown `$(`. */
function replaceMacros(text, value) {
  let result = '';
  let at = 0;
  for (;;) {
    const start = text.indexOf('$(', at);
    const end = start < 0 ? -1 : text.indexOf(')', start);
    if (end < 0) return result + text.slice(at);
    const found = value(text.slice(start + 2, end));
    result += text.slice(at, start) + (found === undefined ? '$' : found);
    at = found === undefined ? start + 1 : end + 1;
  }
}

class Variables {
  #all = new Map();

  constructor(masker) {
    this.masker = masker;
  }

  set(name, value, { secret = false, readOnly = false, initial = false } = {}) {
    const known = this.#all.get(name.toLowerCase());
    const entry = { name: known ? known.name : name, value, secret: secret || Boolean(known && known.secret), readOnly };
    if (entry.secret) initial ? this.masker.addInitial(value) : this.masker.add(value);
    this.#all.set(name.toLowerCase(), entry);
  }

  isReadOnly(name) {
    const known = this.#all.get(name.toLowerCase());
    return Boolean(known && known.readOnly);
  }

  /** The value with the macros in it replaced, those in what they name, too. */
  value(name, names = []) {
    const known = this.#all.get(name.toLowerCase());
    if (!known) return undefined;
    if (names.length >= 50 || names.includes(name.toLowerCase())) return known.value;
    return replaceMacros(known.value, (inner) => this.value(inner, [...names, name.toLowerCase()]));
  }

  expand(text, environment = {}) {
    return replaceMacros(replaceMacros(text, (name) => this.value(name)), (name) => environment[name]);
  }

  /** Whether it is secret, or names one that is. */
  isSecret(name, names = []) {
    const known = this.#all.get(name.toLowerCase());
    if (!known || names.includes(name.toLowerCase())) return false;
    const inner = [...known.value.matchAll(/\$\(([^)]*)\)/g)].map((match) => match[1]);
    return known.secret || inner.some((found) => this.isSecret(found, [...names, name.toLowerCase()]));
  }

  names() {
    return [...this.#all.values()].map((entry) => entry.name);
  }
}

module.exports = { Variables, environmentName };
