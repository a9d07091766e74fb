import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkSignature } from '../../test/support/ec2-signature.ts';
import { Secret } from '../kit/index.ts';
import { signForm } from './signature.ts';

/** A request that awscli 2.9.19 (Debian 12) made, and its signature. */
const RECORDED = {
  body: 'Action=RunInstances&Version=2016-11-15&ImageId=ami-1&InstanceType=t3.micro&KeyName=kp&SecurityGroupId.1=sg-1&UserData=aGVsbG8%3D&ClientToken=tok1&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v&MinCount=1&MaxCount=1',
  now: new Date('2026-11-22T12:20:52Z'),
  authorization:
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/us-east-1/ec2/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=0c914beade8695a8e356d2d24b98e963dfaabe64eaf1f527866682cb5e6da88a',
};
const ACCESS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: new Secret('sekrit'), region: 'us-east-1' };
const ENDPOINT = new URL('http://127.0.0.1:44611/');

test('a request is signed as awscli signed the same one', async () => {
  const { headers, body } = await signForm(ENDPOINT, RECORDED.body, ACCESS, RECORDED.now);
  assert.equal(headers.authorization, RECORDED.authorization);
  assert.equal(headers['x-amz-date'], '20261122T122052Z');
  assert.equal(body, RECORDED.body);
});

test('the session token of temporary credentials is sent and signed', async () => {
  const access = { ...ACCESS, sessionToken: new Secret('of an hour') };
  const { headers } = await signForm(ENDPOINT, RECORDED.body, access, RECORDED.now);
  assert.equal(headers['x-amz-security-token'], 'of an hour');
  assert.match(
    headers.authorization ?? '',
    /SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,/,
  );
});

test('the stand-in accepts what awscli signed, and nothing that differs from it', () => {
  const signer = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'sekrit',
    region: 'us-east-1',
    service: 'ec2',
  };
  const request = {
    method: 'POST',
    target: '/',
    headers: {
      host: '127.0.0.1:44611',
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      'x-amz-date': '20261122T122052Z',
      authorization: RECORDED.authorization,
    },
    body: Buffer.from(RECORDED.body),
  };
  const later = (minutes: number) => new Date(RECORDED.now.getTime() + minutes * 60_000);
  const changed = (headers: Record<string, string>) => ({
    ...request,
    headers: { ...request.headers, ...headers },
  });
  assert.equal(checkSignature(request, signer, later(1)), undefined);
  assert.equal(checkSignature(request, signer, later(16)), 'RequestExpired');
  assert.equal(
    checkSignature(request, { ...signer, secretAccessKey: 'sekrit2' }, later(1)),
    'SignatureDoesNotMatch',
  );
  assert.equal(
    checkSignature(request, { ...signer, region: 'eu-west-1' }, later(1)),
    'SignatureDoesNotMatch',
  );
  const body = Buffer.from(RECORDED.body.replace('t3.micro', 't3.large'));
  assert.equal(checkSignature({ ...request, body }, signer, later(1)), 'SignatureDoesNotMatch');
  assert.equal(checkSignature({ ...request, target: '/?x' }, signer, later(1)), 'SignatureDoesNotMatch');
  assert.equal(checkSignature(changed({ host: '127.0.0.1:1' }), signer, later(1)), 'SignatureDoesNotMatch');
  assert.equal(
    checkSignature(changed({ 'x-amz-meta': 'unsigned' }), signer, later(1)),
    'IncompleteSignature',
  );
  assert.equal(
    checkSignature(changed({ authorization: 'Bearer x' }), signer, later(1)),
    'IncompleteSignature',
  );
});

/** `get-vanilla-query-order-key-case` and `post-vanilla` of the test suite that AWS publishes for Signature Version 4. */
test('the stand-in agrees with the published vectors', () => {
  const signer = {
    accessKeyId: 'AKIDEXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    region: 'us-east-1',
    service: 'service',
  };
  const vectors = [
    [
      'GET',
      '/?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    ['POST', '/', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  ] as const;
  for (const [method, target, signature] of vectors) {
    const headers = {
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    };
    const now = new Date('2015-08-30T12:36:00Z');
    assert.equal(checkSignature({ method, target, headers, body: Buffer.alloc(0) }, signer, now), undefined);
  }
});
