import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scopesInWords } from './scope-words.ts';

test('scopes of a submit file, separated by commas and blanks, are told in plain words', () => {
  assert.deepEqual(scopesInWords('read:/public, write:/user/alice  storage.create:/'), [
    { scope: 'read:/public', words: 'read files below /public' },
    { scope: 'write:/user/alice', words: 'write and change files below /user/alice' },
    { scope: 'storage.create:/', words: 'create new files below / (everything), without overwriting any' },
  ]);
});

test('what is not known is shown as it is, never guessed', () => {
  assert.deepEqual(scopesInWords('constructor https://x.example/scope :x read'), [
    { scope: 'constructor' },
    { scope: 'https://x.example/scope' },
    { scope: ':x' },
    { scope: 'read' },
  ]);
  assert.deepEqual(scopesInWords(' ,, '), []);
});

test('a path with a dollar sign is no replacement pattern', () => {
  assert.equal(scopesInWords('read:/$&')[0]?.words, 'read files below /$&');
});
