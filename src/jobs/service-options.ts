import type { Keeper } from '../keeper/index.ts';
import type { Clock } from '../kit/index.ts';
import type { Connector } from './connector.ts';
import type { Ec2MachineOptions } from './ec2-machine.ts';
import type { PollPolicy } from './follower.ts';
import type { JobCredential } from './job-credential.ts';

/** What a `Service` may be told; everything has a default. */
export interface ServiceOptions {
  /** Reaches machines; needed for everything but `local://` and schedulers of this machine. */
  readonly session?: Connector | undefined;
  /** What `ec2://` starts when it is first needed, and terminates when the service is closed, with all that runs there. */
  readonly ec2?: Ec2MachineOptions | undefined;
  /** Renews the credentials of jobs; default: one of the service's own. */
  readonly keeper?: Keeper | undefined;
  readonly clock?: Clock | undefined;
  /** Where sandboxes are: absolute, or below the login directory. Default `.latchkey/jobs`. All nodes must see it. */
  readonly sandboxRoot?: string | undefined;
  /** Default: from half a second (machines themselves 200 ms) to 30 s (5 s). */
  readonly poll?: Partial<PollPolicy> | undefined;
  /** Seconds between TERM and KILL where no scheduler decides it. Default 10. */
  readonly graceSeconds?: number | undefined;
  /** Milliseconds after which a job that nobody knows any more is `vanished`. Default 30 000. */
  readonly vanishedAfterMs?: number | undefined;
}

/** What a job that is taken up again is given. */
export interface GetJobOptions {
  /** Sources of its credentials: they are not data, and so not kept with it. */
  readonly credentials?: readonly JobCredential[] | undefined;
  /**
   * What is fetched at its end, as its description had it (default: nothing). It is not taken from the sandbox: that is the
   * other machine's word, and it would say which files are replaced here.
   */
  readonly fileTransfer?: readonly string[] | undefined;
}
