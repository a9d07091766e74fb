import type { Tool } from '../kit/index.ts';

/**
 * `scitokens_credential_producer`: what `SEC_CREDENTIAL_PRODUCER` of old releases runs at submission. Its output is stored as the
 * request for a local token; only that there is some matters.
 */
export const scitokensCredentialProducer: Tool = async (_argv, context) => {
  context.out('a token is made on the access point\n');
  return 0;
};
