'use strict';
// Counts the test cases of a JUnit file, as `results.publish` needs them.

const NAMED = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const decode = (text) =>
  text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (_, name) =>
    name[0] === '#' ? String.fromCodePoint(name[1].toLowerCase() === 'x' ? parseInt(name.slice(2), 16) : Number(name.slice(1))) : NAMED[name]
  );
const attribute = (tag, name) => {
  const match = new RegExp(`\\s${name}\\s*=\\s*("[^"]*"|'[^']*')`).exec(tag);
  return match ? decode(match[1].slice(1, -1)) : '';
};

/** `{ total, passed, failed, skipped, cases: [{ name, outcome, message }] }`, the cases being those that did not pass. */
function read(xml) {
  const text = xml.replace(/<!--[\s\S]*?-->/g, '').replace(/<!\[CDATA\[[\s\S]*?\]\]>/g, '');
  const cases = [];
  let open = null;
  for (const [tag] of text.matchAll(/<[^!?](?:"[^"]*"|'[^']*'|[^>"'])*>/g)) {
    const name = /^<\/?([\w.-]+)/.exec(tag)?.[1];
    if (name === 'testcase' && tag[1] !== '/') cases.push((open = { name: attribute(tag, 'name'), outcome: 'passed', message: '' }));
    if (tag.startsWith('</testcase')) open = null;
    if (!open || tag[1] === '/') continue;
    if (name === 'failure' || name === 'error') Object.assign(open, { outcome: 'failed', message: attribute(tag, 'message') });
    if (name === 'skipped') Object.assign(open, { outcome: 'skipped', message: attribute(tag, 'message') });
  }
  const count = (outcome) => cases.filter((found) => found.outcome === outcome).length;
  const rest = cases.filter((found) => found.outcome !== 'passed');
  return { total: cases.length, passed: count('passed'), failed: count('failed'), skipped: count('skipped'), cases: rest };
}

module.exports = { read };
