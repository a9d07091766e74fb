// The machine behind the stand-ins: jobs with tasks, places, a clock that stands still until a test moves it, and files that
// say how it misbehaves. Each call of a tool is one short process; the state between them is a file.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const PLACES = 4;

/** Runs `act` alone with the machine; what it changes is kept. */
export function withMachine(directory, act) {
  const lock = join(directory, 'lock');
  for (let tries = 0; ; tries += 1) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST' || tries > 2000) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  try {
    const machine = new Machine(directory);
    machine.tick();
    const result = act(machine);
    machine.save();
    return result;
  } finally {
    rmdirSync(lock);
  }
}

class Machine {
  constructor(directory) {
    this.directory = directory;
    const file = join(directory, 'state.json');
    this.state = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { next: 101, jobs: [] };
  }

  /** Seconds since the epoch, as the test has set the clock. */
  get now() {
    return Number(readFileSync(join(this.directory, 'clock'), 'utf8'));
  }

  /** Contents of a file that a test has put there to make it misbehave; it is taken away unless it says `always`. */
  mishap(name) {
    const file = join(this.directory, name);
    if (!existsSync(file)) return undefined;
    const text = readFileSync(file, 'utf8');
    if (!text.startsWith('always')) rmSync(file);
    return text;
  }

  get jobs() {
    return this.state.jobs;
  }

  submit(job) {
    const number = this.state.next;
    this.state.next += 1;
    const indices = job.size === undefined ? [0] : Array.from({ length: job.size }, (_, n) => n + 1);
    const tasks = indices.map((index) => ({ index, state: 'queued' }));
    this.jobs.push({ ...job, number, submittedAt: this.now, tasks });
    this.tick();
    return number;
  }

  /** Starts what may start, and sees what has ended. */
  tick() {
    for (const job of this.jobs) for (const task of job.tasks) this.look(job, task);
    let running = this.jobs.flatMap((job) => job.tasks).filter((task) => task.state === 'running').length;
    for (const job of this.jobs) {
      for (const task of job.tasks) {
        if (running >= PLACES || task.state !== 'queued' || this.now <= job.submittedAt) continue;
        this.start(job, task);
        running += 1;
      }
    }
  }

  /** `{task}` and `{proc}` in words and variables become the task's index from 1 and from 0. */
  start(job, task) {
    const filled = (text) =>
      text.replaceAll('{task}', String(task.index)).replaceAll('{proc}', String(Math.max(0, task.index - 1)));
    task.exitFile = join(this.directory, `exit-${job.number}-${task.index}`);
    const keeper =
      'out=$1 err=$2 exit=$3; shift 3; "$@" >>"$out" 2>>"$err" </dev/null; echo $? >"$exit.new"; mv "$exit.new" "$exit"';
    const variables = Object.entries(job.variables).map(([name, value]) => [name, filled(value)]);
    const child = spawn(
      '/bin/sh',
      ['-c', keeper, 'job', job.output, job.error, task.exitFile, ...job.argv.map(filled)],
      {
        cwd: job.cwd ?? '/',
        detached: true,
        stdio: 'ignore',
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          STAND_IN: this.directory,
          ...Object.fromEntries(variables),
        },
      },
    );
    child.unref();
    Object.assign(task, { state: 'running', pid: child.pid, startedAt: this.now });
  }

  look(job, task) {
    if (task.state !== 'running' && task.state !== 'suspended') return;
    if (existsSync(task.exitFile)) {
      const status = Number(readFileSync(task.exitFile, 'utf8'));
      Object.assign(task, { state: 'ended', status, endedAt: this.now });
      return;
    }
    if (job.wallSeconds !== undefined && this.now - task.startedAt > job.wallSeconds) {
      this.signal(task, 'SIGKILL');
      Object.assign(task, { state: 'ended', status: 137, endedAt: this.now, why: 'timeout' });
    }
  }

  cancel(task) {
    if (task.state === 'ended') return;
    if (task.state === 'suspended') this.signal(task, 'SIGCONT');
    if (task.state !== 'queued') {
      this.signal(task, 'SIGTERM');
      this.signal(task, 'SIGKILL');
    }
    Object.assign(task, {
      wasQueued: task.state === 'queued',
      state: 'ended',
      status: 143,
      endedAt: this.now,
      why: 'cancelled',
    });
  }

  suspend(task) {
    if (task.state !== 'running') return;
    this.signal(task, 'SIGSTOP');
    task.state = 'suspended';
  }

  resume(task) {
    if (task.state !== 'suspended') return;
    this.signal(task, 'SIGCONT');
    task.state = 'running';
  }

  /** Only a process group that this machine has started. */
  signal(task, name) {
    if (!(task.pid > 1)) return;
    try {
      if (!readFileSync(`/proc/${task.pid}/environ`, 'utf8').includes(`STAND_IN=${this.directory}`)) return;
      process.kill(-task.pid, name);
    } catch {
      // It has ended.
    }
  }

  save() {
    const file = join(this.directory, 'state.json');
    writeFileSync(`${file}.new`, JSON.stringify(this.state));
    renameSync(`${file}.new`, file);
  }
}
