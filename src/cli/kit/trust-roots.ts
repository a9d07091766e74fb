import { locateTrustDirectory, trustInstallDirectory } from '../../x509/index.ts';
import type { ToolContext } from './tool.ts';

/** True when trust must be bootstrapped: asked for, or trust roots are wanted and there is no trust directory at all. */
export async function needsBootstrap(
  context: ToolContext,
  wanted: { readonly trustRoots: boolean; readonly bootstrap: boolean },
): Promise<boolean> {
  if (wanted.bootstrap) return true;
  if (!wanted.trustRoots) return false;
  return (await locateTrustDirectory({ env: { ...context.env }, uid: context.uid })) === undefined;
}

/** Where trust roots go, as the tools print it: with a slash at its end. */
export function installedPlace(context: ToolContext, directory: string | undefined): string {
  const place = directory ?? trustInstallDirectory({ env: { ...context.env }, uid: context.uid });
  return place.endsWith('/') ? place : `${place}/`;
}
