/**
 * `latchkey/ec2`: the part of the EC2 query API that starting a machine needs: key pairs, instances, security groups, console output.
 * It knows nothing of jobs or sessions.
 */
export type { Ec2Access } from './access.ts';
