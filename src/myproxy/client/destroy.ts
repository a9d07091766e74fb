import type { CredentialSelector, OperationOptions } from './client-options.ts';

/** Which credential `destroy` removes. */
export interface DestroyOptions extends OperationOptions, CredentialSelector {}
