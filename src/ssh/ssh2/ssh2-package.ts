// @ts-expect-error: an optional peer without types of its own
import ssh2 from 'ssh2';
import type { Ssh2Module } from './ssh2-module.ts';

/** The package itself: importing this file fails where it is not installed. */
export const ssh2Package: Ssh2Module = ssh2;
