import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLatchkeyError } from '../kit/index.ts';
import { parseDescribeInstances } from './answers.ts';
import { itemsAt, parseXml, textAt } from './xml.ts';

const isBad = (error: unknown) => isLatchkeyError(error, 'ec2/bad-response');

test('values stay the text they are', async () => {
  const root = await parseXml(
    '<?xml version="1.0"?><a xmlns="urn:x"><n>007</n><e>1e3</e><h>0x10</h><b>true</b><empty/> <t at="1"> two  words </t></a>',
  );
  assert.equal(root.name, 'a');
  assert.deepEqual(
    ['n', 'e', 'h', 'b', 'empty', 't', 'absent'].map((name) => textAt(root, name)),
    ['007', '1e3', '0x10', 'true', undefined, 'two  words', undefined],
  );
});

test('the named references and numbers are read, once; others stay', async () => {
  const root = await parseXml('<a>&lt;&amp;amp;&gt;&quot;&apos;&#65;&#x42;&other;&#x110000;</a>');
  assert.equal(root.text, `<&amp;>"'AB&other;&#x110000;`);
  assert.equal((await parseXml('<a>x<![CDATA[<b>&amp;]]>y<!-- <c/> --></a>')).text, 'x<b>&y');
});

test('lists are the items, in order', async () => {
  const root = await parseXml('<a><s><item><k>1</k></item><other/><item><k>2</k></item></s></a>');
  assert.deepEqual(
    itemsAt(root, 's').map((item) => textAt(item, 'k')),
    ['1', '2'],
  );
  assert.deepEqual(itemsAt(root, 'absent'), []);
});

test('what is not a whole document of plain elements is refused, without a word of it', async () => {
  const deep = 60;
  for (const document of [
    '',
    'hello canary',
    '{"canary":1}',
    '<a><b>canary</b>',
    '<a>canary</a><b/>',
    '<!DOCTYPE a [<!ENTITY x "canary">]><a>&x;</a>',
    '<!DOCTYPE a SYSTEM "file:///etc/canary"><a/>',
    `${'<a>'.repeat(deep)}canary${'</a>'.repeat(deep)}`,
    '<a>canary</b>',
  ]) {
    await assert.rejects(parseXml(document), (error: Error) => {
      assert.ok(isBad(error), document);
      assert.doesNotMatch(`${error.message} ${error.cause}`, /canary/);
      return true;
    });
  }
});

test('names that JavaScript gives a meaning are names like others', async () => {
  const root = await parseXml('<a><__proto__><x>1</x></__proto__><constructor>2</constructor></a>');
  assert.equal(textAt(root, 'x'), undefined);
  assert.equal(({} as { x?: unknown }).x, undefined);
});

test('no text makes the reader fail in another way', async () => {
  const pieces = fc.constantFrom(
    '<a>',
    '</a>',
    '<item>',
    '</item>',
    '&#',
    ';',
    '<!',
    '-->',
    '<![CDATA[',
    '"',
    'x',
    ' ',
    '<?',
    '/>',
  );
  const texts = fc.oneof(
    fc.string(),
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
  );
  await fc.assert(
    fc.asyncProperty(texts, async (text) => {
      try {
        parseDescribeInstances(await parseXml(text));
      } catch (error) {
        assert.ok(isBad(error), String(error));
      }
    }),
    { numRuns: 500 },
  );
});
