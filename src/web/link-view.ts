/** One link between machines, as people see it. Every text may come from another machine. */
export interface LinkView {
  /** Its number on the map and in the table, from 1. */
  readonly number: number;
  /** The machines that a connection passes, first the one that it comes from; `here` is the one that holds the logins. */
  readonly machines: readonly string[];
  /** What is connected to, and where that leads. */
  readonly from: string;
  readonly to: string;
  /** `proven`, `listening`, `opening`, `degraded`, `lost`, or what is not known here. */
  readonly state: string;
  readonly since: Date;
  readonly cause?: string | undefined;
  readonly remedy?: string | undefined;
  /** When a connection was last seen to arrive. */
  readonly provenAt?: Date | undefined;
  /** Other accounts of that machine can connect to it, too. */
  readonly isShared: boolean;
}

/** A program that holds links. */
export interface LinkProgram {
  /** The local user whose it is. */
  readonly owner: string;
  readonly name: string;
  readonly pid: number;
  /** False when it has ended: its links are what it said last. */
  readonly isRunning: boolean;
  readonly toldAt: Date;
  readonly links: readonly LinkView[];
}

/** A map of links: boxes and arrows in units of the picture. */
export interface LinkMap {
  readonly width: number;
  readonly height: number;
  /** This machine first; arrows between others may cross it. */
  readonly machines: readonly {
    readonly machine: string;
    readonly label: string;
    readonly isHere: boolean;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  }[];
  readonly arrows: readonly {
    /** Numbers of {@link LinkView}. */
    readonly numbers: readonly number[];
    readonly state: string;
    readonly from: readonly [number, number];
    readonly to: readonly [number, number];
    readonly bend?: readonly [number, number] | undefined;
    readonly label: readonly [number, number];
  }[];
}

/** What is known of links on this machine. */
export interface LinkPicture {
  readonly programs: readonly LinkProgram[];
  /** Of the programs that run: for wide screens and for narrow ones. */
  readonly maps: { readonly wide: LinkMap; readonly narrow: LinkMap };
}

/** Where links are known. */
export interface LinkSource {
  /** Of one local user's programs, or of everybody's. */
  picture(owner?: string): Promise<LinkPicture>;
}
