'use strict';
// The grammar of logging commands: `##vso[area.event key=value;key=value;]data`, anywhere in a line.

const PREFIX = '##vso[';

/** Percent sequences as the agent decodes them: `%AZP25` last. */
const unescape = (text) =>
  text.replaceAll('%3B', ';').replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%5D', ']').replaceAll('%AZP25', '%');

/** The command in a line; null when there is none; undefined when the line looks like one and cannot be read. */
function parse(line) {
  const start = line.indexOf(PREFIX);
  if (start < 0) return null;
  const end = line.indexOf(']', start);
  if (end < 0) return undefined;
  const head = line.slice(start + PREFIX.length, end);
  const space = head.indexOf(' ');
  const words = (space < 0 ? head : head.slice(0, space)).split('.');
  if (words.length !== 2 || words.includes('')) return undefined;
  const properties = new Map();
  for (const pair of space < 0 ? [] : head.slice(space + 1).split(';')) {
    const equals = pair.indexOf('=');
    const value = pair.slice(equals + 1);
    if (equals > 0 && value !== '') properties.set(pair.slice(0, equals).trim().toLowerCase(), unescape(value));
  }
  return { name: words.join('.').toLowerCase(), properties, data: unescape(line.slice(end + 1)) };
}

module.exports = { parse, unescape };
