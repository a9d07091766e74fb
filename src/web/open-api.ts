import { OPERATIONS, type Operation } from './api-operations.ts';
import { SCHEMAS } from './api-schemas.ts';

/** The header that every POST carries: a form of another site cannot set one. */
export const REQUEST_HEADER = 'X-Latchkey-Request';

/** The OpenAPI 3.1 document, from the same table as the routes. @param prefix where the application is reached */
export function openApiDocument(prefix: string): object {
  const paths: Record<string, Record<string, object>> = {
    '/openapi.json': {
      get: {
        operationId: 'getDescription',
        summary: 'This document',
        security: [],
        responses: { 200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: {} } } } },
      },
    },
  };
  for (const operation of OPERATIONS) {
    const methods = paths[operation.path] ?? {};
    methods[operation.method] = describe(operation);
    paths[operation.path] = methods;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey credential monitor',
      version: '1',
      description: `Credentials kept on an access point of HTCondor. Every POST carries the header ${REQUEST_HEADER}.`,
    },
    servers: [{ url: `${prefix}/api/v1` }],
    security: [{ session: [] }],
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: {
        session: {
          type: 'http',
          scheme: 'bearer',
          description: 'Token of `POST /sessions`; the sign-in cookie of the pages works too.',
        },
      },
    },
  };
}

function describe({
  id,
  summary,
  path,
  method,
  access,
  query,
  body,
  answer,
  problems = [],
}: Operation): object {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const parameters = [
    ...names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...Object.entries(query ?? {}).map(([name, description]) => ({
      name,
      in: 'query',
      description,
      schema: { type: 'string' },
    })),
    ...(method === 'post'
      ? [{ name: REQUEST_HEADER, in: 'header', required: true, schema: { type: 'string' } }]
      : []),
  ];
  const statuses = new Set([
    ...(access === 'anyone' ? [] : [401]),
    ...(access === 'operator' || method === 'post' ? [403] : []),
    ...problems,
  ]);
  return {
    operationId: id,
    summary: access === 'operator' ? `${summary} (operators)` : summary,
    ...(access === 'anyone' ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: json(body) } }),
    responses: {
      200: { description: 'Done', content: answer === 'any' ? {} : json(answer) },
      ...Object.fromEntries(
        [...statuses]
          .sort()
          .map((status) => [
            status,
            { description: 'Refused or failed', content: json('Problem', 'application/problem+json') },
          ]),
      ),
    },
  };
}

function json(name: string, contentType = 'application/json'): object {
  return { [contentType]: { schema: { $ref: `#/components/schemas/${name}` } } };
}
