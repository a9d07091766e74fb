/** The parts of oidc-provider that the test server touches; the package has no types of its own. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface Model {
    save(): Promise<string>;
    destroy(): Promise<void>;
  }
  interface Grant extends Model {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
  }
  interface Client {
    readonly clientId: string;
    grantTypeAllowed(type: string): boolean;
  }
  interface DeviceCode extends Model {
    clientId: string;
    params: { scope?: string; resource?: string };
  }
  interface Interaction {
    readonly uid: string;
    readonly prompt: {
      readonly name: string;
      readonly details: {
        missingOIDCScope?: string[];
        missingResourceScopes?: Record<string, string[]>;
      };
    };
    readonly params: Readonly<Record<string, string>>;
    readonly session?: { readonly accountId: string };
    readonly grantId?: string;
    readonly returnTo: string;
  }
  export interface Context {
    status: number;
    body: unknown;
    readonly oidc: {
      readonly client: Client;
      readonly params: Readonly<Record<string, string | string[] | undefined>>;
    };
  }
  interface AccessToken extends Model {
    readonly expiration: number;
    resourceServer: unknown;
    scope?: string;
  }
  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    readonly Grant: {
      new (fields: { accountId: string; clientId: string }): Grant;
      find(id: string): Promise<Grant | undefined>;
    };
    readonly AccessToken: new (
      fields: Readonly<Record<string, unknown>>,
    ) => AccessToken;
    readonly ResourceServer: new (
      identifier: string,
      data: Readonly<Record<string, unknown>>,
    ) => unknown;
    readonly DeviceCode: {
      findByUserCode(code: string, options: { ignoreExpiration: boolean }): Promise<DeviceCode | undefined>;
    };
    readonly Client: { readonly prototype: { redirectUriAllowed(uri: string): boolean } };
    registerGrantType(
      name: string,
      handler: (ctx: Context) => Promise<void>,
      parameters: readonly string[],
      repeatable: readonly string[],
    ): void;
    interactionDetails(request: IncomingMessage, response: ServerResponse): Promise<Interaction>;
    interactionFinished(
      request: IncomingMessage,
      response: ServerResponse,
      result: Readonly<Record<string, unknown>>,
      options?: { mergeWithLastSubmission: boolean },
    ): Promise<void>;
    callback(): (request: IncomingMessage, response: ServerResponse) => void;
    on(event: string, listener: (...values: unknown[]) => void): void;
  }
}
