import type { CommandOption } from './command-spec.ts';

/** What `latchkey run ec2://` starts; read by {@link ec2MachineOf}. Data only. */
export const EC2: readonly CommandOption[] = [
  { long: 'image', value: 'AMI', help: 'ec2://: the image, with cloud-init and sshd' },
  { long: 'instance-type', value: 'TYPE', help: 'ec2://: such as t3.micro' },
  {
    long: 'allow-from',
    value: 'NETWORK',
    help: 'ec2://: the address or network that may reach its sshd: yours',
  },
  {
    long: 'key-name',
    value: 'NAME',
    help: 'ec2://: the key pair; the public half of -i is registered under it',
  },
  { long: 'login', value: 'USER', help: 'ec2://: who logs in there; default root' },
  { long: 'ssh-port', value: 'PORT', help: 'ec2://: where its sshd listens; default 22' },
  {
    long: 'machine-time',
    value: 'SPAN',
    help: 'ec2://: it ends by itself after that, also when this command was killed; default 1d',
  },
];
